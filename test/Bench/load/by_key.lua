-- A machine's token by key: every request sends an assertion of its own, of those the bench has signed.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local assertions, n = {}, 0
for line in io.lines(os.getenv("PROOFS")) do assertions[#assertions + 1] = line end
local fixed = "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, fixed .. (assertions[n] or "none"))
end
