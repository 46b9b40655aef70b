// ASP.NET Core's OpenIdConnect handler with its defaults (form_post, PKCE, nonce): OpenIdConnectApp/Program.cs, which docs show.
import assert from 'node:assert/strict';
import { registerApp } from '../support/apps.mjs';
import { packageVersion } from '../support/report.mjs';
import { application, freePort, sql } from '../support/world.mjs';

export const name = 'Microsoft.AspNetCore.Authentication.OpenIdConnect';
export const version = packageVersion(name);
export const did = '`ResponseType = "code"` and its defaults: its request is pushed (RFC 9126), or, where that is switched off, plain; a person signs in by form_post, claims come from the id_token, with an API\'s scope from userinfo too; signing out at the app signs out at the server';

export async function run(check, { issuer, local, resource, browser }) {
    for (const scope of [undefined, 'notes:read']) {
        const url = `http://localhost:${await freePort()}`;
        const id = scope ? 'dotnet-app-with-api' : 'dotnet-app';
        const app = registerApp(local, issuer, {
            id, redirectUri: `${url}/signin-oidc`, signedOutUri: `${url}/signout-callback-oidc`, scopes: scope ?? '',
            resources: scope ? resource : '',
        });
        // By itself it pushes where metadata has the endpoint: this row takes nothing else.
        if (!scope) sql(local, `update clients set par_required = true where client_id = '${id}'`);
        const end = await application('OpenIdConnectApp', url, {
            ISSUER: issuer, CLIENT_ID: app.id, CLIENT_SECRET: app.secret, ...(scope ? { API_SCOPE: scope, PUSHED: 'Disable' } : {}),
        });
        const page = await browser.context.newPage();
        const seen = await check(scope ? 'with an API\'s scope, plain, and claims from userinfo' : 'pushed, and a person signs in by form_post', async () => {
            await page.goto(`${url}/`);
            if (page.url().startsWith(issuer)) await browser.goThrough(page, issuer);
            await page.waitForURL(`${url}/`);
            return JSON.parse(await page.locator('body').innerText());
        });
        await check('the name is the person\'s', async () => assert.equal(seen.name, 'Alice Demo'));
        if (scope) await check('the access token is for the API', async () =>
            assert.equal(JSON.parse(Buffer.from(seen.access_token.split('.')[1], 'base64url')).aud, resource));
        await check('signing out at the app signs out at the server, and leads back', async () => {
            await page.goto(`${url}/sign-out`);
            await page.waitForURL(`${url}/health`);
            await page.goto(`${issuer}/connected-apps`);
            assert.match(page.url(), /\/login/);
        });
        await page.close();
        await end();
    }
}
