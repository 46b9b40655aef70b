-- Signing out of apps: where they may send people afterwards, where they are told of it, and what is still to be told.

create function clients_check_logout() returns trigger language plpgsql as $$
declare
    problem   text;
    candidate text;
begin
    new.post_logout_redirect_uris := coalesce(new.post_logout_redirect_uris, '{}');
    if cardinality(new.post_logout_redirect_uris) > 100 then
        raise check_violation using message = 'A client has at most 100 redirect URIs', column = 'post_logout_redirect_uris',
            hint = 'Remove some.';
    end if;
    foreach candidate in array new.post_logout_redirect_uris loop
        problem := redirect_uri_problem(candidate);
        -- RFC 8252 §7.1, as clients_schemes has it of redirect URIs.
        if problem is null and new.origin <> 'self-registered' and candidate !~* '^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:'
           and candidate !~* '^(https?|cursor|vscode|vscode-insiders|windsurf):' then
            problem := 'A private-use scheme needs a dot';
        end if;
        if problem is not null then
            raise check_violation using message = problem, column = 'post_logout_redirect_uris',
                hint = 'Write https://host.example/path, http://127.0.0.1/path, http://localhost/path, or a private-use scheme with a dot such as com.example.app:/path; no fragment, no wildcard, no user information.';
        end if;
    end loop;
    if redirect_uri_problem(new.backchannel_logout_uri) is not null and new.backchannel_logout_uri is not null
       or new.backchannel_logout_uri !~* '^https?:' then
        raise check_violation using message = 'This is no back-channel logout URI', column = 'backchannel_logout_uri',
            hint = 'Write https://host.example/path; http is for 127.0.0.1, [::1] and localhost only; no fragment, no user information.';
    end if;
    return new;
end $$;
create trigger clients_check_logout before insert or update of origin, post_logout_redirect_uris, backchannel_logout_uri
    on clients for each row execute function clients_check_logout();
create trigger check_logout_lists before insert or update of post_logout_redirect_uris on clients
    for each row execute function check_lists('post_logout_redirect_uris');
alter table clients
    add constraint clients_post_logout_redirect_uris_valid check (cardinality(post_logout_redirect_uris) <= 100),
    add constraint clients_post_logout_redirect_uris_plain check (is_plain_list(post_logout_redirect_uris));
