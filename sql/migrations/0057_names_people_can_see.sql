-- Names are shown to people who decide by them: what draws nothing, turns the direction of writing or breaks a line is taken out
-- of rows that operators type, as it is for clients that register or have a document (VisibleText in C# says the same).
create function visible_text(name text) returns text language sql immutable parallel safe as $$
    select btrim(regexp_replace(name,
        '[\u0001-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E'
        '\u2060-\u206F\u2800\u3164\uE000-\uF8FF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]', '', 'g'))
$$;
comment on function visible_text(text) is 'A name without what nobody sees; the joiners of Persian and of emoji stay.';

create function check_names() returns trigger language plpgsql as $$
begin
    new.name := visible_text(new.name);
    -- Blanks, joiners and combining marks alone show nothing.
    if new.name is not null
       and regexp_replace(new.name, '[\s\u00A0\u1680\u2000-\u200D\u202F\u205F\u3000\u0300-\u036F\u20D0-\u20FF\uFE20-\uFE2F]', '', 'g') = '' then
        raise check_violation using message = 'A name needs at least one character that people can see', column = 'name',
            hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;
create trigger check_names before insert or update of name on clients for each row execute function check_names();
create trigger check_names before insert or update of name on resources for each row execute function check_names();
create trigger check_names before insert or update of name on resource_texts for each row execute function check_names();

-- What a scope means is shown beside a checkbox.
create function check_words() returns trigger language plpgsql as $$
begin
    new.text := visible_text(new.text);
    return new;
end $$;
create trigger check_words before insert or update of text on scope_texts for each row execute function check_words();
