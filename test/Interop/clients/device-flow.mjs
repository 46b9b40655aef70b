// The device flow of openid-client, and of oauth4webapi by hand: a television asks, Alice types its code and allows it.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { version as installed } from '../support/report.mjs';

export const name = 'openid-client, on a device';
export const version = installed('openid-client');
export const did = 'device authorization: the code typed by a person, by hand and by the complete address, polling, refresh; a person who denies (with oauth4webapi)';

const grant = 'urn:ietf:params:oauth:grant-type:device_code';

export async function run(check, { issuer, resource, browser }) {
    const server = await check('discovery and registration without redirect URIs', () => client.dynamicClientRegistration(new URL(issuer),
        { client_name: 'Television', grant_types: [grant, 'refresh_token'], response_types: [], token_endpoint_auth_method: 'none' }, client.None(),
        { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }));
    const ask = () => client.initiateDeviceAuthorization(server, { scope: 'notes:read offline_access', resource });

    const asked = await check('it gets a device code and a user code', ask);
    const tokens = await check('it polls until Alice has typed the code and allowed it', async () => {
        const polling = client.pollDeviceAuthorizationGrant(server, asked);
        await type(browser, asked.verification_uri, asked.user_code, 'Allow');
        return polling;
    });
    await check('refresh', () => client.refreshTokenGrant(server, tokens.refresh_token));

    await check('by the complete address, too', async () => {
        const again = await ask();
        const polling = client.pollDeviceAuthorizationGrant(server, again);
        await type(browser, again.verification_uri_complete, null, 'Allow');
        assert.equal((await polling).scope, 'notes:read offline_access');
    });

    await check('oauth4webapi: pending, and access_denied once Alice has said no', async () => {
        const as = server.serverMetadata();
        const [tv, auth, options] = [{ client_id: server.clientMetadata().client_id }, oauth.None(), { [oauth.allowInsecureRequests]: true }];
        const begun = await oauth.processDeviceAuthorizationResponse(as, tv,
            await oauth.deviceAuthorizationRequest(as, tv, auth, { scope: 'notes:read' }, options));
        const poll = async () => oauth.processDeviceCodeResponse(as, tv, await oauth.deviceCodeGrantRequest(as, tv, auth, begun.device_code, options));
        await assert.rejects(poll(), { error: 'authorization_pending' });
        await type(browser, begun.verification_uri, begun.user_code.toLowerCase(), 'Deny');
        await assert.rejects(poll(), { error: 'access_denied', status: 400 });
    });
}

/** Alice opens the address, signs in if need be, types the code unless the address brings it, and decides. */
async function type(browser, address, code, press) {
    const page = await browser.context.newPage();
    try {
        await page.goto(address);
        const password = page.getByLabel('Password', { exact: true });
        if (await password.isVisible()) {
            await page.getByLabel('Username').fill('alice');
            await password.fill('alice-demo-password');
            await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        }
        if (code) await page.getByLabel('Code').fill(code);
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('button', { name: press, exact: true }).click();
        await page.getByRole('heading', { name: press === 'Allow' ? 'Device allowed' : 'Device not allowed' }).waitFor();
    } finally {
        await page.close();
    }
}
