// The server of servers/raw.ts in Go: net/http and go-sql-driver, prepared statements, connections kept alive, the row
// read for each request; nothing is batched or cached.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

const issuer = "weapp-login"

var (
	appID         = os.Getenv("APP_ID")
	appSecret     = os.Getenv("APP_SECRET")
	meDocument    = os.Getenv("ME_DOCUMENT")
	loginDocument = os.Getenv("LOGIN_DOCUMENT")
	wechatURL     = os.Getenv("WECHAT_API_URL")
	jwtSecret     = []byte(os.Getenv("JWT_SECRET"))
	tokenTTL      = number("TOKEN_TTL")
	bodyLimit     = number("BODY_LIMIT")

	tokenHeader      string
	sessionKeyCipher cipher.AEAD
	wechat           *http.Client
	selectMe         *sql.Stmt
	upsert           *sql.Stmt
	selectLogin      *sql.Stmt

	codePattern   = regexp.MustCompile(`^[\w-]{1,128}$`)
	openIDPattern = regexp.MustCompile(`^[\w-]{16,64}$`)
)

// refusal is an error whose code and message the client may see.
type refusal struct{ code, message string }

func (r refusal) Error() string { return r.message }

func main() {
	poolSize := int(number("POOL_SIZE"))
	db, err := openDatabase(os.Getenv("DATABASE_URL"), poolSize)
	check(err)
	selectMe, err = db.Prepare("SELECT id, app_id, open_id, nick_name, avatar_url, gender, city, role, created_at, token_version, disabled_at FROM user WHERE id = ?")
	check(err)
	upsert, err = db.Prepare("INSERT INTO user (id, app_id, open_id, union_id, session_key, role, token_version, created_at, updated_at, last_login_at) VALUES (?, ?, ?, ?, ?, 'USER', 0, ?, ?, ?) ON DUPLICATE KEY UPDATE union_id = COALESCE(VALUES(union_id), union_id), session_key = VALUES(session_key), updated_at = VALUES(updated_at), last_login_at = VALUES(last_login_at)")
	check(err)
	selectLogin, err = db.Prepare("SELECT id, open_id, nick_name, token_version, disabled_at FROM user WHERE app_id = ? AND open_id = ?")
	check(err)

	kid := sign(jwtSecret, "weapp-login kid")[:12]
	tokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT","kid":"` + kid + `"}`))
	key := sha256.Sum256([]byte(os.Getenv("SESSION_KEY_SECRET")))
	block, err := aes.NewCipher(key[:])
	check(err)
	sessionKeyCipher, err = cipher.NewGCM(block)
	check(err)
	wechat = &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000, IdleConnTimeout: time.Minute},
	}

	http.HandleFunc("/graphql", handle)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(name string) int64 {
	value, err := strconv.ParseInt(os.Getenv(name), 10, 64)
	check(err)
	return value
}

func openDatabase(address string, poolSize int) (*sql.DB, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	password, _ := parsed.User.Password()
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)%s?charset=utf8mb4&parseTime=true&loc=UTC",
		parsed.User.Username(), password, parsed.Host, parsed.Path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return db, nil
}

func handle(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, `{"errors":[{"message":"Not found."}]}`, http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		respond(w, http.StatusRequestEntityTooLarge, failure("", refusal{"REQUEST_ENTITY_TOO_LARGE", "The body is too large."}))
		return
	}
	var request struct {
		Query     string `json:"query"`
		Variables struct {
			Code string `json:"code"`
		} `json:"variables"`
	}
	if json.Unmarshal(body, &request) != nil {
		request.Query = ""
	}
	switch request.Query {
	case meDocument:
		user, err := me(r)
		respondField(w, "me", user, err)
	case loginDocument:
		session, err := login(r, request.Variables.Code)
		respondField(w, "login", session, err)
	default:
		respond(w, http.StatusBadRequest, failure("", refusal{"BAD_REQUEST", "Unknown document."}))
	}
}

type user struct {
	ID        string  `json:"id"`
	AppID     string  `json:"appId"`
	OpenID    string  `json:"openId"`
	NickName  *string `json:"nickName"`
	AvatarURL *string `json:"avatarUrl"`
	Gender    *int    `json:"gender"`
	City      *string `json:"city"`
	Role      string  `json:"role"`
	CreatedAt string  `json:"createdAt"`
}

func me(r *http.Request) (*user, error) {
	claims, ok := verifyToken(r.Header.Get("Authorization"))
	if !ok {
		return nil, refusal{"UNAUTHENTICATED", "The token is missing or invalid."}
	}
	var u user
	var createdAt time.Time
	var tokenVersion int64
	var disabledAt sql.NullTime
	err := selectMe.QueryRowContext(r.Context(), claims.Sub).Scan(&u.ID, &u.AppID, &u.OpenID, &u.NickName, &u.AvatarURL,
		&u.Gender, &u.City, &u.Role, &createdAt, &tokenVersion, &disabledAt)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (u.AppID != claims.Aud || tokenVersion != claims.Ver) {
		return nil, refusal{"UNAUTHENTICATED", "The token was revoked."}
	}
	if err != nil {
		return nil, err
	}
	if disabledAt.Valid {
		return nil, refusal{"USER_DISABLED", "The account is disabled."}
	}
	u.CreatedAt = iso(createdAt)
	return &u, nil
}

type claims struct {
	Ver      int64  `json:"ver"`
	AuthTime int64  `json:"auth_time"`
	Iss      string `json:"iss"`
	Aud      string `json:"aud"`
	Sub      string `json:"sub"`
	Iat      int64  `json:"iat"`
	Exp      int64  `json:"exp"`
	Jti      string `json:"jti"`
}

func verifyToken(authorization string) (claims, bool) {
	var c claims
	parts := strings.Split(strings.TrimPrefix(authorization, "Bearer "), ".")
	if !strings.HasPrefix(authorization, "Bearer ") || len(parts) != 3 || parts[0] != tokenHeader {
		return c, false
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return c, false
	}
	mac := hmac.New(sha256.New, jwtSecret)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return c, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return c, false
	}
	return c, c.Iss == issuer && c.Aud == appID && c.Exp > time.Now().Unix()
}

type session struct {
	Token     string    `json:"token"`
	ExpiresAt string    `json:"expiresAt"`
	IsNewUser bool      `json:"isNewUser"`
	User      loginUser `json:"user"`
}

type loginUser struct {
	ID       string  `json:"id"`
	OpenID   string  `json:"openId"`
	NickName *string `json:"nickName"`
}

func login(r *http.Request, code string) (*session, error) {
	if !codePattern.MatchString(code) {
		return nil, refusal{"BAD_USER_INPUT", "code is invalid."}
	}
	identity, err := code2Session(r, code)
	if err != nil {
		return nil, err
	}
	newID := uuidv7()
	at := time.Now().UTC()
	var unionID *string
	if identity.UnionID != "" {
		unionID = &identity.UnionID
	}
	encrypted, err := encryptSessionKey(identity.SessionKey, appID+"/"+identity.OpenID)
	if err != nil {
		return nil, err
	}
	if _, err := upsert.ExecContext(r.Context(), newID, appID, identity.OpenID, unionID, encrypted, at, at, at); err != nil {
		return nil, err
	}
	var u loginUser
	var tokenVersion int64
	var disabledAt sql.NullTime
	err = selectLogin.QueryRowContext(r.Context(), appID, identity.OpenID).Scan(&u.ID, &u.OpenID, &u.NickName, &tokenVersion, &disabledAt)
	if err != nil {
		return nil, err
	}
	if disabledAt.Valid {
		return nil, refusal{"USER_DISABLED", "The account is disabled."}
	}
	token, expiresAt, err := issueToken(u.ID, tokenVersion)
	return &session{token, expiresAt, u.ID == newID, u}, err
}

type identity struct {
	Errcode    int    `json:"errcode"`
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid"`
	SessionKey string `json:"session_key"`
}

func code2Session(r *http.Request, code string) (identity, error) {
	var found identity
	query := url.Values{"appid": {appID}, "secret": {appSecret}, "js_code": {code}, "grant_type": {"authorization_code"}}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, wechatURL+"/sns/jscode2session?"+query.Encode(), nil)
	if err != nil {
		return found, err
	}
	response, err := wechat.Do(request)
	if err != nil {
		return found, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return found, err
	}
	if json.Unmarshal(body, &found) != nil || found.Errcode != 0 || !openIDPattern.MatchString(found.OpenID) {
		return found, refusal{"WECHAT_CODE_INVALID", "WeChat rejected the code."}
	}
	return found, nil
}

func encryptSessionKey(sessionKey, owner string) (string, error) {
	nonce := make([]byte, sessionKeyCipher.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sessionKeyCipher.Seal(nonce, nonce, []byte(sessionKey), []byte(owner))), nil
}

func issueToken(id string, version int64) (token, expiresAt string, err error) {
	iat := time.Now().Unix()
	exp := iat + tokenTTL
	payload, err := json.Marshal(claims{version, iat, issuer, appID, id, iat, exp, uuidv7()})
	if err != nil {
		return "", "", err
	}
	signed := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + sign(jwtSecret, signed), iso(time.Unix(exp, 0)), nil
}

func sign(secret []byte, text string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func uuidv7() string {
	var id [16]byte
	if _, err := rand.Read(id[6:]); err != nil {
		panic(err)
	}
	at := time.Now().UnixMilli()
	for i := 0; i < 6; i++ {
		id[i] = byte(at >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

func iso(at time.Time) string {
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}

func respondField(w http.ResponseWriter, field string, value any, err error) {
	var refused refusal
	switch {
	case err == nil:
		respond(w, http.StatusOK, map[string]any{"data": map[string]any{field: value}})
	case errors.As(err, &refused):
		respond(w, http.StatusOK, failure(field, refused))
	default:
		log.Print(err)
		respond(w, http.StatusInternalServerError, failure(field, refusal{"INTERNAL_SERVER_ERROR", "Internal server error."}))
	}
}

func failure(field string, reason refusal) map[string]any {
	entry := map[string]any{"message": reason.message, "extensions": map[string]any{"code": reason.code}}
	if field == "" {
		return map[string]any{"errors": []any{entry}}
	}
	entry["path"] = []string{field}
	if field == "me" {
		return map[string]any{"errors": []any{entry}, "data": map[string]any{"me": nil}}
	}
	return map[string]any{"errors": []any{entry}, "data": nil}
}

func respond(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		log.Print(err)
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(text.Bytes()); err != nil {
		log.Print(err)
	}
}
