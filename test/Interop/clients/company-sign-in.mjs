// The other way round: people sign in here at a company, and the company is node oidc-provider, which other people wrote (../company.mjs).
import assert from 'node:assert/strict';
import { version as versionOf } from '../support/report.mjs';
import { registerApp } from '../support/apps.mjs';
import { listen } from '../support/person.mjs';
import { freePort, operator, script, secret, sql } from '../support/world.mjs';

export const name = 'oidc-provider, as a company';
export const version = versionOf('oidc-provider');
export const did = 'people sign in at it in Chromium and come back, new ones and known ones, claims from the id_token and from userinfo, `prompt=login`, linking, and signing out of both';

export async function run(check, { issuer, local, browser }) {
    const port = await freePort();
    const company = `http://localhost:${port}`;
    const stop = await script('company.mjs', `${company}/.well-known/openid-configuration`, String(port), issuer, 'acme', 'thin');
    const app = await listen('/signed-in', 'localhost');
    const { redirectUri } = app;
    const page = await browser.context.newPage();
    registerApp(local, issuer, { id: 'company-app', redirectUri, scopes: '' });
    try {
        await check('it is added by command, and its test finds nothing wrong', () => {
            operator(local, issuer, 'providers', 'add', 'acme', '--label', 'Acme', '--issuer', company, '--client-id', 'our-server',
                '--provisioning', 'create', '--allowed-claims', JSON.stringify({ iss: [company] }), '--trust-email', 'true');
            secret(local, issuer, 'a secret of the company', 'providers', 'secret', 'acme', '--secret-stdin');
            const report = operator(local, issuer, 'providers', 'test', 'acme');
            assert.equal(report.works, true);
            assert.deepEqual(report.steps.filter(step => step.outcome === 'failed'), []);
        });
        await check('somebody new signs in there and is made here, of the claims of userinfo', async () => {
            await signOut();
            const landed = await authorize();
            assert.equal(landed.searchParams.get('iss'), issuer);
            assert.ok(landed.searchParams.get('code'));
            const cora = operator(local, issuer, 'users', 'show', 'cora@company.example');
            assert.equal(cora.user.role, 'user');
            assert.equal(operator(local, issuer, 'users', 'link', 'cora@company.example').identities[0].sub, 'cora');
        });
        await check('the second time the company knows them, and nobody is made', async () => {
            await signOut();
            await authorize();
            assert.equal(operator(local, issuer, 'users', 'list', '--search', 'cora').users.length, 1);
        });
        await check('prompt=login asks there again, and the time it names is fresh enough', async () => {
            const saw = [];
            await authorize('&prompt=login', saw);
            assert.ok(saw.some(url => url.startsWith(`${company}/interaction/`)), saw.join(' '));
        });
        await check('cancelling there is said here, and the app hears nothing', async () => {
            await signOut();
            await page.goto(request('&prompt=login'));
            await press('Continue with Acme');
            await page.getByRole('link', { name: 'Cancel' }).click();
            await page.waitForURL(`${issuer}/federation/acme/callback**`);
            assert.match(await page.locator('main').innerText(), /You cancelled at Acme\./);
        });
        await check('alice links her account there, and comes in by it', async () => {
            sql(local, `delete from identities where sub = 'cora'`);
            await page.goto(`${issuer}/login`);
            await page.getByLabel('Username').fill('alice');
            await page.getByLabel('Password').fill('alice-demo-password');
            await press('Sign in', true);
            await page.goto(`${issuer}/account`);
            await press('Link your Acme account');
            await passCompany();
            assert.equal(new URL(page.url()).pathname, '/account');
            assert.equal(operator(local, issuer, 'users', 'link', 'alice').identities[0].sub, 'cora');
        });
        await check('signing out here offers to sign out there, too, and leads back', async () => {
            await signOut();
            await page.goto(`${issuer}/login`);
            await press('Continue with Acme');
            await passCompany();
            await page.goto(`${issuer}/logout`);
            await press('Sign out', true);
            await page.getByRole('link', { name: 'Also sign out of Acme' }).click();
            await page.getByRole('button', { name: 'Yes, sign me out' }).click();
            await page.waitForURL(`${issuer}/signed-out**`);
        });
    } finally {
        operator(local, issuer, 'providers', 'delete', 'acme', '--yes');
        await page.close();
        app.close();
        await stop();
    }

    function request(more = '') {
        return `${issuer}/authorize?response_type=code&client_id=company-app&scope=openid%20email&state=x&code_challenge_method=S256`
            + `&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=${encodeURIComponent(redirectUri)}${more}`;
    }

    async function authorize(more, saw = []) {
        await page.goto(request(more));
        await press('Continue with Acme');
        await passCompany(saw);
        if (page.url().startsWith(`${issuer}/consent`)) await press('Allow', true);
        await page.waitForURL(`${redirectUri}**`);
        return new URL(page.url());
    }

    // Its development pages: a name and a password, then what the server may see.
    async function passCompany(saw = []) {
        while (page.url().startsWith(company)) {
            saw.push(page.url());
            if (await page.locator('input[name=login]').isVisible()) {
                await page.locator('input[name=login]').fill('cora');
                await page.locator('input[name=password]').fill('any password');
            }
            await Promise.all([page.waitForNavigation({ timeout: 15_000 }), page.locator('button[type=submit]').first().click()]);
        }
        assert.ok(page.url().startsWith(issuer) || page.url().startsWith(redirectUri), `ended at ${page.url()}: ${await page.locator('body').innerText()}`);
    }

    async function press(button, exact = false) {
        await Promise.all([page.waitForNavigation({ timeout: 15_000 }), page.getByRole('button', { name: button, exact }).click()]);
    }

    async function signOut() {
        await page.goto(`${issuer}/logout`);
        const button = page.locator('main').getByRole('button', { name: 'Sign out' });
        if (await button.isVisible()) await Promise.all([page.waitForNavigation(), button.click()]);
    }
}
