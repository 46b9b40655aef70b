using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Cli;

public sealed class BannerTest
{
    [Test]
    public void The_demo_world_is_shown_only_where_it_is()
    {
        Banner.Text(new Settings { Issuer = "http://localhost:9180", Demo = true }).Should()
            .Contain("http://localhost:9180/healthz").And
            .Contain("curl -s -u nightly-etl:nightly-etl-secret -d grant_type=client_credentials http://localhost:9180/token").And
            .ContainAll("alice-demo-password", "mallory-demo-password", "olivia-demo-password");

        Banner.Text(new Settings { Issuer = "https://auth.example.com/tenant" }).Should()
            .Contain("https://auth.example.com/.well-known/oauth-authorization-server/tenant").And
            .NotContainAny("demo", "secret", "playground");
    }

    [Test]
    public void The_playground_comes_first_where_it_is()
    {
        var banner = Banner.Text(new Settings { Issuer = "http://localhost:9180", Demo = true, Development = true });

        banner.Split('\n', StringSplitOptions.RemoveEmptyEntries)[2].Trim().Should().Be("http://localhost:9180/playground");
        foreach (var elsewhere in new[] { "https://localhost:9180", "http://127.0.0.2:9180" })
            Banner.Text(new Settings { Issuer = elsewhere, Demo = true, Development = true })
                .Should().NotContain("playground", "claude-desktop's redirect URIs do not fit there");
        Banner.Text(new Settings { Issuer = "http://localhost:9180", Development = true })
            .Should().NotContain("playground", "there is nothing to play with");
    }
}
