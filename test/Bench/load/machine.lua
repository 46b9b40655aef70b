-- A machine's token, as the demo's nightly-etl asks for it. The limits are asked with the same form.
wrk.method = "POST"
wrk.body = "grant_type=client_credentials"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic bmlnaHRseS1ldGw6bmlnaHRseS1ldGwtc2VjcmV0"
