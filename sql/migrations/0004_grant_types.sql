-- What grant types and client authentication methods there are: one row each, written by migrate from the records of the server
-- (GrantType and AuthMethod in Protocol). The triggers of clients read them; no list stands in a CHECK or a function.

create table grant_types (
    name                 text primary key,
    kinds                text[] not null,
    default_for          text[] not null,
    continues            boolean not null,
    needs_redirect_uris  boolean not null,
    position             int not null
);
comment on table grant_types is 'What clients may use at /token. Only oauth-server migrate writes here.';
comment on column grant_types.name is 'The value of grant_type.';
comment on column grant_types.kinds is 'The kinds of client that may use it.';
comment on column grant_types.default_for is 'The kinds of client that get it when they name none.';
comment on column grant_types.continues is 'True: it only continues what another grant type began.';
comment on column grant_types.needs_redirect_uris is 'True: a client that registers for it needs redirect URIs.';
comment on column grant_types.position is 'Its place in metadata and hints.';

create table auth_methods (
    name          text primary key,
    kinds         text[] not null,
    default_for   text[] not null,
    needs_secret  boolean not null,
    position      int not null
);
comment on table auth_methods is 'How clients may authenticate. Only oauth-server migrate writes here.';
comment on column auth_methods.name is 'The value of token_endpoint_auth_method.';
comment on column auth_methods.kinds is 'The kinds of client that may use it.';
comment on column auth_methods.default_for is 'The kinds of client that get it when they name none.';
comment on column auth_methods.needs_secret is 'False: a client that uses it has no secret.';
comment on column auth_methods.position is 'Its place in metadata and hints.';

create function one_of(names text[]) returns text language sql immutable parallel safe as $$
    select case when cardinality(names) < 2 then coalesce(names[1], 'nothing')
        else array_to_string(trim_array(names, 1), ', ') || ' or ' || names[cardinality(names)] end
$$;
comment on function one_of(text[]) is 'In a sentence: a, b or c.';
