-- A client id document's privacy policy and terms of service, as registrations has them: consent shows their hosts.

alter table client_documents
    add column tos_uri     text,
    add column policy_uri  text;
comment on column client_documents.tos_uri is 'Its terms of service, https. Never fetched.';
comment on column client_documents.policy_uri is 'Its privacy policy, https. Never fetched.';
