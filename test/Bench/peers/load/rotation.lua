-- The families of the file FAMILIES; whichever token came back is exchanged next.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local tokens, first, last = {}, 1, 0
for line in io.lines(os.getenv("FAMILIES")) do
  last = last + 1
  tokens[last] = line
end
function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format(nil, nil, nil, "grant_type=refresh_token&client_id=app&refresh_token=" .. (token or "none"))
end
function response(status, headers, body)
  local token = body:match('"refresh_token":%s*"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
