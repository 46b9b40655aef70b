-- Every request redeems a code of its own: code-ROUND-1, code-ROUND-2, …, whose grants the bench has written.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local n = 0
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, "grant_type=authorization_code&client_id=claude-desktop&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&redirect_uri=http://127.0.0.1/callback&code=code-" .. os.getenv("ROUND") .. "-" .. n)
end
