-- Part of what an issuer calls somebody, anywhere in it: the list of identities finds it among millions.

create index identities_by_text on identities using gin (trigrams(sub));
