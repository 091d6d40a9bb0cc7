-- wrk script. Arguments: me <file with one token a line>
--                     or login <number of users> <delay of WeChat in ms> <first serial>
-- Writes one line of JSON: the figures of the run, and how many responses were failures.

-- The headers that WeChat sends with wx.request.
local HEADERS = table.concat({
  "Host: 127.0.0.1",
  "Content-Type: application/json",
  "Accept-Encoding: gzip, compress, br, deflate",
  "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.61(0x18003d2c) NetType/WIFI Language/zh_CN",
  "Referer: https://servicewechat.com/wxbench000000001/1/page-frame.html",
}, "\r\n")

-- One login of so many is the first of a new user.
local NEW_USER_EVERY = 50
local FIRST_NEW_USER = 500000000

local threads = {}
failures = 0
firstFailure = ""

function setup(thread)
  thread:set("index", #threads)
  table.insert(threads, thread)
end

local function post(body, more)
  return "POST /graphql HTTP/1.1\r\n" .. HEADERS .. more
    .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local function prepareMe(tokens, body)
  local requests = {}
  for token in io.lines(tokens) do
    requests[#requests + 1] = post(body, "\r\nAuthorization: Bearer " .. token)
  end
  local count = #requests
  return function() return requests[math.random(count)] end
end

local function prepareLogin(body, users, delay, first)
  local code = string.format("%03d-%09d-%012d", 0, 0, 0)
  local head, tail = post(body, ""):match("^(.*)" .. code:gsub("%-", "%%-") .. "(.*)$")
  local serial = first
  return function()
    serial = serial + 1
    local user = math.random(0, users - 1)
    if serial % NEW_USER_EVERY == 0 then user = FIRST_NEW_USER + serial / NEW_USER_EVERY % 400000000 end
    return head .. string.format("%03d-%09d-%012.0f", delay, user, serial) .. tail
  end
end

-- args[1]: the body; for login it holds the code 000-000000000-000000000000.
function init(args)
  math.randomseed(os.time() + index)
  if args[2] == "me" then
    nextRequest = prepareMe(args[3], args[1])
  else
    nextRequest = prepareLogin(args[1], tonumber(args[3]), tonumber(args[4]), tonumber(args[5]) + index * 1000000)
  end
end

-- wrk wants this function when it loads the script.
function request()
  return nextRequest()
end

function response(status, headers, body)
  if status ~= 200 or body:find('"errors"', 1, true) then
    failures = failures + 1
    if firstFailure == "" then firstFailure = status .. " " .. body end
  end
end

function done(summary, latency)
  local failed, example = 0, ""
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
    if example == "" then example = thread:get("firstFailure") end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%.0f,"p99":%.0f,"failures":%d,"socketErrors":%d,"cpuSeconds":%.2f,"example":"%s"}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    failed, errors.connect + errors.read + errors.write + errors.timeout,
    os.clock(),
    example:sub(1, 300):gsub('[%c\\"]', "'")
  ))
end
