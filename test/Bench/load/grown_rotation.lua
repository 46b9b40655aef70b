-- Refresh tokens of many clients, exchanged in turn; what comes back goes to the end of the line. A line of the file: client id, token.
-- A token and its successor begin with the same grant.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local tokens, clients, first, last = {}, {}, 1, 0
for line in io.lines(os.getenv("TOKENS")) do
  last = last + 1
  local client, token = line:match("(%S+) (%S+)")
  tokens[last], clients[token:sub(1, 20)] = token, client
end
function request()
  local token = tokens[first] or "none"
  tokens[first] = nil
  first = first + 1
  local client = clients[token:sub(1, 20)] or "none"
  return wrk.format(nil, nil, nil, "grant_type=refresh_token&client_id=" .. client .. "&refresh_token=" .. token)
end
function response(status, headers, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
