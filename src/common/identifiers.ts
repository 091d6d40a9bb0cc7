/** The AppID of a mini program. */
export const APP_ID = /^wx\w{4,62}$/;

/**
 * An openid or unionid of WeChat, or an id of ours. Case-sensitive. Other characters are rejected: MySQL ignores
 * trailing spaces in comparisons, so `oAbc ` would match `oAbc`.
 */
export const OPAQUE_ID = /^[\w-]{16,64}$/;

/** The name of a role: the column has 16 characters. */
export const ROLE_NAME = /^[A-Z][A-Z0-9_]{0,15}$/;

/** The name of a module. Tables, routes and error codes begin with it. */
export const MODULE_NAME = /^[a-z][a-z0-9_]{0,31}$/;
