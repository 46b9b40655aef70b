// The other way round: our `doctor` examines this server, and node oidc-provider, which other people wrote (../oidc-provider.mjs).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { version as versionOf } from '../support/report.mjs';
import { freePort, root, script } from '../support/world.mjs';

export const name = 'oidc-provider';
export const version = versionOf(name);
export const did = '`oauth-server doctor` signs in at it and finds what it does otherwise; at this server it finds nothing';

// Its development pages and its error page come without these headers: it leaves them to the application.
const expected = { 'pages.framing': 'fail', 'pages.referrer': 'warn' };

export async function run(check, { issuer }) {
    if (issuer) await check('at this server every check passes, with a sign-in', async () => {
        const report = await doctor(issuer, 'alice', 'alice-demo-password');
        assert.deepEqual(report.checks.filter(one => one.verdict === 'fail' || one.verdict === 'warn'), []);
    });
    const port = await freePort();
    const stop = await script('oidc-provider.mjs', `http://127.0.0.1:${port}/.well-known/openid-configuration`, String(port));
    try {
        const report = await doctor(`http://127.0.0.1:${port}`, 'alice', 'any password');
        await check('at oidc-provider a client is registered, signs in, gets tokens, and is deleted', async () => {
            for (const one of ['flow.register', 'flow.sign-in', 'flow.redeem', 'flow.access-token', 'flow.refresh', 'flow.clean-up'])
                assert.equal(report.verdicts[one], 'pass', one);
        });
        await check('what it refuses is seen', async () => {
            for (const one of ['negative.no-pkce', 'negative.redirect', 'negative.replay', 'negative.verifier', 'negative.resource'])
                assert.equal(report.verdicts[one], 'pass', one);
        });
        await check('what it does otherwise is named, and nothing else', async () =>
            assert.deepEqual(Object.fromEntries(report.checks.filter(one => one.verdict === 'fail' || one.verdict === 'warn')
                .map(one => [one.check, one.verdict])), expected));
    } finally {
        await stop();
    }
}

function doctor(url, username, password) {
    const child = spawn('dotnet', [join(root, 'src/OAuthServer/bin/Release/net10.0/oauth-server.dll'), 'doctor', url, '--username', username,
        '--password-stdin', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(`${password}\n`);
    let said = '';
    child.stdout.on('data', data => said += data);
    return new Promise((resolve, reject) => child.on('close', () => {
        try {
            const report = JSON.parse(said);
            report.verdicts = Object.fromEntries(report.checks.map(one => [one.check, one.verdict]));
            resolve(report);
        } catch (error) {
            reject(error);
        }
    }));
}
