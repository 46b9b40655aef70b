-- Codes of many clients, each redeemed once. A line: client id, code.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local clients, codes, n = {}, {}, 0
for line in io.lines(os.getenv("TOKENS")) do
  n = n + 1
  clients[n], codes[n] = line:match("(%S+) (%S+)")
end
n = 0
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, "grant_type=authorization_code&client_id=" .. (clients[n] or "none") .. "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&redirect_uri=http://127.0.0.1/callback&code=" .. (codes[n] or "none"))
end
