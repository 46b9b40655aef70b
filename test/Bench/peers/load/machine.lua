-- A machine's token, the secret by Basic.
wrk.method = "POST"
wrk.body = "grant_type=client_credentials&scope=notes:read"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic bWFjaGluZTptYWNoaW5lLXNlY3JldA=="
