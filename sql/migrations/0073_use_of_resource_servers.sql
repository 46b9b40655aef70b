-- A resource server gets no tokens: what it does with its secret is introspect (RFC 7662) and read the revocation feed.
comment on column clients.last_used_at is 'When it last got a token or, a resource server, introspected one or read the revocation feed, to the minute or so.';
