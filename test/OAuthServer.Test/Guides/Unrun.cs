namespace OAuthServer.Test.Guides;

/// <summary>Blocks of commands that no test runs, each with the reason why not, and what is tried in their place.</summary>
internal static class Unrun
{
    public static readonly (string Page, string Words, string Reason)[] Blocks =
    [
        ("README.md", "make run ", "make smoke begins with the one, and the other runs this test"),
        ("CONTRIBUTING.md", "make setup", "CI runs them; the targets are looked up in the Makefile"),
        ("CONTRIBUTING.md", "make test FILTER='Rfc~7636'", "they run tests; targets and filters are looked up"),
        ("CONTRIBUTING.md", "FAST=1 sql/cluster.sh with", "it runs tests; its filter is looked up"),
        ("docs/tour.md", "git clone", "it needs the address of the repository; the rest of the page begins in the checkout"),
        ("docs/deploying.md", "/t:PublishContainer", "it needs a registry; test/Ship/container.sh (make long) publishes over a base of its own"),
        ("docs/deploying.md", "podman run", "it needs podman; test/Ship/container.sh (make long) runs the image with these options"),
        ("docs/deploying.md", "docker compose", "it needs Docker; DeployTest holds the file against its schema, and SecretsTest its secrets"),
        ("docs/deploying.md", "install -d", "it writes to /opt and /etc as root; test/Ship/container.sh runs both scripts"),
        ("docs/deploying.md", "systemctl daemon-reload", "it needs systemd as root; DeployTest has systemd verify the unit"),
        ("docs/deploying.md", "kubectl apply", "it needs a cluster; DeployTest holds the files against their schemas"),
        ("docs/guide-mcp-server.md", "dotnet new install", "it needs a registry with the packages; ReleaseTest (make long) makes a project of its own packages"),
        ("samples/Template/README.md", "dotnet new install", "the same"),
        ("samples/Template/mcp-oauth/README.md", "dotnet user-secrets",
            "it writes to the home of whoever runs it; ReleaseTest builds the project"),
        ("docs/guide-workloads.md", "/var/run/secrets", "it needs a pod; WorkloadTest shows a pod's token in the same request"),
        ("docs/import.md", "oauth-server convert openiddict", "ImportTest converts the database of a real OpenIddict server"),
        ("docs/operating.md", "pgbackrest", "it stops PostgreSQL and restores over it; tried by hand, as the page says"),
        ("docs/style.md", "", "a piece of the server's code, not a command"),
        ("test/Bench/peers/README.md", "peer.sh", "two other servers with databases; make bench ARGS=--peers runs them"),
    ];
}
