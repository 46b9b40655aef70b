// OpenIddict's validation handler, by itself and with introspection: OpenIddictApi/Program.cs, which docs/resource-servers.md shows.
import assert from 'node:assert/strict';
import { packageVersion } from '../support/report.mjs';
import { checkVerifier, withApi } from '../support/tasks.mjs';

export const name = 'OpenIddict.Validation.AspNetCore';
export const version = packageVersion(name);
export const did = 'the same with `SetIssuer`; then with introspection, where a revoked token is 401 at once';

export async function run(check, { tasks, pathTasks }) {
    await withApi('OpenIddictApi', tasks, {}, async get => {
        await checkVerifier(check, tasks, get);
        await check('without introspection a revoked token still opens, as the page says', async () => {
            const token = await tasks.token();
            await tasks.revoke(token);
            assert.equal((await get(token)).status, 200);
        });
    });
    await withApi('OpenIddictApi', pathTasks, {}, get =>
        check('an issuer with a path is found, and its tokens open', async () => assert.equal((await get(await pathTasks.token())).status, 200)));
    await withApi('OpenIddictApi', tasks, { CLIENT_ID: 'tasks-api', CLIENT_SECRET: tasks.secret }, async get => {
        const token = await tasks.token();
        await check('introspected, a good token opens', async () => assert.equal((await get(token)).status, 200));
        await check('introspected, a token for another API is 401', async () =>
            assert.equal((await get(await tasks.token({ scope: 'read_sensors', resource: 'https://sensors.example.test/' }))).status, 401));
        await check('introspected, a revoked token is 401 at once', async () => {
            await tasks.revoke(token);
            assert.equal((await get(token)).status, 401);
        });
    });
}
