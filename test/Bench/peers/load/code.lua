-- Every request redeems a code of its own, of those that peer.sh codes collected in the file CODES. With FAMILIES, the refresh
-- tokens that come back are written there. Codes that did not suffice are said.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local fixed = "grant_type=authorization_code&client_id=app&redirect_uri=http://127.0.0.1/callback" ..
  "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&code="
local codes, answered = {}, 0
local thread
sent = 0
local families = os.getenv("FAMILIES") and io.open(os.getenv("FAMILIES"), "w")
for line in io.lines(os.getenv("CODES")) do codes[#codes + 1] = line end
function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, fixed .. (codes[sent] or "none"))
end
function setup(only) thread = only end
function done()
  if thread:get("sent") > #codes then io.write("ran out of codes\n") end
end
if families then
  function response(status, headers, body)
    local token = body:match('"refresh_token":%s*"([^"]+)"')
    if token then
      families:write(token, "\n")
    end
    answered = answered + 1
    -- wrk itself would go on until its time is over. A few more than there are codes: answers come in another order.
    if answered == #codes + 32 then
      families:close()
      os.exit(0)
    end
  end
end
