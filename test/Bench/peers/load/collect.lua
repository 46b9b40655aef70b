-- Asks for codes and writes them to the file CODES, until there are COUNT.
local file, wanted, kept = io.open(os.getenv("CODES"), "w"), tonumber(os.getenv("COUNT")), 0
function response(status, headers, body)
  local code = (headers["Location"] or headers["location"] or ""):match("[?&]code=([^&]+)")
  if code and kept < wanted then
    file:write(code, "\n")
    kept = kept + 1
  end
  if kept == wanted then
    -- wrk itself would go on until its time is over.
    file:close()
    os.exit(0)
  end
end
