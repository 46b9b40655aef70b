-- Somebody signed in begins a request, is sent on, and sees the consent page. A page is one request, of two steps.
wrk.headers["Cookie"] = os.getenv("COOKIE")
local begin = os.getenv("AUTHORIZE")
local pages, first, last = {}, 1, 0
local thread
function setup(only) thread = only end
function init()
  shown, astray = 0, 0
end
function request()
  if first > last then return wrk.format("GET", begin) end
  local page = pages[first]
  pages[first] = nil
  first = first + 1
  return wrk.format("GET", page)
end
function response(status, headers, body)
  local location = headers["Location"]
  if status == 200 and body:find('value="allow"', 1, true) then
    shown = shown + 1
  elseif status == 303 and location and location:find("/consent?", 1, true) then
    last = last + 1
    pages[last] = location:gsub("^https?://[^/]+", "")
  else
    astray = astray + 1
  end
end
function done()
  io.write("counted ", thread:get("shown"), "\n")
  if thread:get("astray") > 0 then io.write("astray ", thread:get("astray"), "\n") end
end
