// Duende.IdentityModel's requests as an application sends them: IdentityModelClient/Program.cs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { packageVersion } from '../support/report.mjs';
import { freePort, operator, root, sql } from '../support/world.mjs';

export const name = 'Duende.IdentityModel, requests';
export const version = packageVersion('Duende.IdentityModel');
export const did = '`PushAuthorizationAsync`, code, refresh and revocation by a client assertion and with DPoP proofs; device flow; token exchange';

const sensors = 'https://sensors.example.test/';
const steps = ['discovery names', 'PushAuthorizationAsync', 'the browser comes back', 'RequestAuthorizationCodeTokenAsync', 'RequestRefreshTokenAsync',
    'RevokeTokenAsync', 'RequestDeviceAuthorizationAsync', 'RequestDeviceTokenAsync', 'RequestTokenExchangeTokenAsync'];

export async function run(check, { issuer, resource, browser, local }) {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const folder = mkdtempSync(join(tmpdir(), 'oauth-identity-model-'));
    const key = join(folder, 'key.pem');
    writeFileSync(key, await exportPKCS8(privateKey));
    const port = await freePort();
    sql(local, `
        insert into clients (client_id, kind, name, auth_method, redirect_uris, scopes, resources, default_resource, jwks)
        values ('duende-web', 'user-facing', 'Duende app', 'private_key_jwt', '{http://localhost:${port}/callback}',
                '{notes:read,offline_access}', '{${resource}}', '${resource}',
                '${JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] })}');
        insert into clients (client_id, kind, name, auth_method, grant_types, scopes, resources, default_resource)
        values ('duende-tv', 'user-facing', 'Duende TV', 'none', '{device_code}', '{notes:read}', '{${resource}}', '${resource}');`);
    const added = operator(local, issuer, 'clients', 'add', 'duende-agent', '--kind', 'machine', '--name', 'Duende agent', '--grant-type',
        'urn:ietf:params:oauth:grant-type:token-exchange');
    operator(local, issuer, 'exchange', 'add', '--actor', 'duende-agent', '--from', resource, '--to', sensors, '--scope', 'read_sensors');
    const child = spawn('dotnet', ['run', '--project', 'test/Interop/IdentityModelClient', '--configuration', 'Release', '--', issuer, resource,
        'duende-web', key, 'duende-tv', 'duende-agent', added.client_secret, sensors, port], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise(resolve => child.on('exit', resolve));
    const [said, visits] = [[], []];
    const visit = going => visits.push(going.catch(error => { child.kill(); throw error; }));
    try {
        for await (const line of createInterface({ input: child.stdout })) {
            said.push(line);
            if (line.startsWith('open ')) visit(browser.authorize(line.slice(5)));
            if (line.startsWith('device ')) visit(allow(browser, line.slice(7)));
        }
        const code = await ended;
        await Promise.all(visits);
        for (const step of steps) await check(said.find(line => line.startsWith(`ok ${step}`))?.slice(3) ?? step, () =>
            assert.ok(said.some(line => line.startsWith(`ok ${step}`)), said.join('\n')));
        assert.equal(code, 0);
    } finally {
        rmSync(folder, { recursive: true, force: true });
        sql(local, `delete from clients where client_id in ('duende-web', 'duende-tv', 'duende-agent');`);
    }
}

// Alice is signed in by now; the complete address brings the code, and she decides.
async function allow(browser, address) {
    const page = await browser.context.newPage();
    try {
        await page.goto(address);
        const password = page.getByLabel('Password', { exact: true });
        if (await password.isVisible()) {
            await page.getByLabel('Username').fill('alice');
            await password.fill('alice-demo-password');
            await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        }
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('button', { name: 'Allow', exact: true }).click();
        await page.getByRole('heading', { name: 'Device allowed' }).waitFor();
    } finally {
        await page.close();
    }
}
