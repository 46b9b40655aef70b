-- The demo's notes-api asks about one live token again and again.
wrk.method = "POST"
wrk.body = "token=" .. os.getenv("TOKEN")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic bm90ZXMtYXBpOm5vdGVzLWFwaS1zZWNyZXQ="
