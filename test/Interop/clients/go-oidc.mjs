// go-oidc as Debian has it, with nothing but the issuer: GoOidcApi/main.go.
import { debianVersion } from '../support/report.mjs';
import { checkIssuerWithPath, checkVerifier, withApi } from '../support/tasks.mjs';

export const name = 'go-oidc';
export const version = debianVersion('golang-github-coreos-go-oidc-dev');
export const did = '`NewProvider` leads to the keys and the algorithms, for an issuer with a path too; the same tokens open and are refused';

export async function run(check, { tasks, pathTasks }) {
    await withApi('GoOidcApi', tasks, {}, get => checkVerifier(check, tasks, get));
    await withApi('GoOidcApi', pathTasks, {}, get => checkIssuerWithPath(check, tasks, pathTasks, get));
}
