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
-- Tokens are as long as each other, so what stands around token and proof is made once, before the clock starts: formatting each request
-- would cost the generator, on the same cores, twice as much where a proof comes too. (Those of other servers may differ.)
local slot = string.rep("T", #(tokens[1] or "none"))
local head, middle, tail
local function cut(text, mark)
  local from, to = text:find(mark, 1, true)
  return text:sub(1, from - 1), text:sub(to + 1)
end
function init()
  wrk.headers["DPoP"] = proofs and "PROOF"
  head, tail = cut(wrk.format(nil, nil, nil, fixed .. slot), slot)
  if proofs then head, middle = cut(head, "PROOF") end
end
function request()
  local token = tokens[first] or slot
  tokens[first] = nil
  first = first + 1
  if #token ~= #slot then return wrk.format(nil, nil, nil, fixed .. token) end
  if not proofs then return head .. token .. tail end
  shown = shown + 1
  return head .. (proofs[shown] or "none") .. middle .. token .. tail
end
function response(status, headers, body)
  local token = body:match('"refresh_token":%s*"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
