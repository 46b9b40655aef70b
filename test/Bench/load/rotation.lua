-- Families of refresh tokens of the public client CLIENT, from the file TOKENS; whichever token came back is exchanged next. Where there
-- is a file PROOFS, each with the next DPoP proof of it.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local fixed = "grant_type=refresh_token&client_id=" .. os.getenv("CLIENT") .. "&refresh_token="
local tokens, first, last = {}, 1, 0
for line in io.lines(os.getenv("TOKENS")) do
  last = last + 1
  tokens[last] = line
end
local proofs, shown = nil, 0
if os.getenv("PROOFS") then
  proofs = {}
  for line in io.lines(os.getenv("PROOFS")) do proofs[#proofs + 1] = line end
end
function request()
  if proofs then
    shown = shown + 1
    wrk.headers["DPoP"] = proofs[shown] or "none"
  end
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format(nil, nil, nil, fixed .. (token or "none"))
end
function response(status, headers, body)
  local token = body:match('"refresh_token":%s*"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
