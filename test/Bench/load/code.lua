-- Every request redeems a code of its own, of those the bench has written.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local codes, n = {}, 0
for line in io.lines(os.getenv("TOKENS")) do codes[#codes + 1] = line end
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, "grant_type=authorization_code&client_id=claude-desktop&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&redirect_uri=http://127.0.0.1/callback&code=" .. (codes[n] or "none"))
end
