// Passkeys exist in script only (WebAuthn L3). Whatever this does not do, the page does without it.
"use strict";

const form = document.getElementById("passkey");
const problem = form && form.querySelector(".error");
let filling = null;

const octets = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), letter => letter.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const field = name => form.elements[name] && form.elements[name].value;

function say(words) {
    problem.textContent = words;
    problem.hidden = false;
}

async function post(url, body) {
    const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Antiforgery": field("antiforgery") },
        body: JSON.stringify(body),
    });
    if (answer.ok) return answer.json();
    const { error } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(error), {
        words: answer.status === 429 ? form.dataset.wait : answer.status === 400 && form.dataset.kind === "get" ? form.dataset.expired
            : form.dataset.refused,
    });
}

async function options() {
    const asked = await post(form.dataset.options, {});
    asked.challenge = octets(asked.challenge);
    if (asked.user) asked.user.id = octets(asked.user.id);
    for (const one of [...(asked.excludeCredentials || []), ...(asked.allowCredentials || [])]) one.id = octets(one.id);
    return asked;
}

async function finish(made) {
    const { response } = made;
    const passkey = { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response: {} };
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
        if (response[name]) passkey.response[name] = text(response[name]);
    const remember = document.getElementById("remember");
    const { location } = await post(form.action, {
        passkey, name: field("name"), request: field("request"), page: field("page"), remember: !!remember && remember.checked,
    });
    window.location.assign(location);
}

async function ask(more) {
    const publicKey = await options();
    return form.dataset.kind === "create"
        ? navigator.credentials.create({ publicKey })
        : navigator.credentials.get({ publicKey, ...more });
}

if (form && window.PublicKeyCredential) {
    form.hidden = false;
    form.addEventListener("submit", async event => {
        event.preventDefault();
        problem.hidden = true;
        if (filling) filling.abort();
        try { await finish(await ask({})); }
        catch (fault) { say(fault.words || form.dataset.failed); }
    });

    // The browser offers passkeys in the field for the username.
    if (form.dataset.fill === "yes" && PublicKeyCredential.isConditionalMediationAvailable)
        PublicKeyCredential.isConditionalMediationAvailable().then(async available => {
            if (!available) return;
            filling = new AbortController();
            try { await finish(await ask({ mediation: "conditional", signal: filling.signal })); }
            catch (fault) { if (fault.words && !filling.signal.aborted) say(fault.words); }
        });
}

// A password may be looked at while it is typed.
for (const button of document.querySelectorAll("button[data-shows]")) {
    const password = document.getElementById(button.dataset.shows);
    button.hidden = false;
    button.addEventListener("click", () => {
        const shown = password.type === "text";
        password.type = shown ? "password" : "text";
        button.setAttribute("aria-pressed", String(!shown));
        password.focus();
    });
    // It leaves the page as a password, for whatever keeps passwords.
    password.form.addEventListener("submit", () => { password.type = "password"; });
}
