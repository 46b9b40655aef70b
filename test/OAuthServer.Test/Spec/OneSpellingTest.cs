using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Of one thing there is one spelling: what servers compare loosely cannot stand in a table twice.</summary>
[Behaviour(19, 26)]
public sealed class OneSpellingTest : ServerFixture
{
    private Task<PostgresException> RefusalAsync(string sql, object? values = null) => RefusalAsync(() => Server.ExecuteAsync(sql, values));

    private static async Task<PostgresException> RefusalAsync(Func<Task> act) => (
        await FluentActions.Awaiting(act).Should().ThrowAsync<PostgresException>()).Which;

    [TestCase("http://localhost:9000/mcp/")]
    [TestCase("HTTP://localhost:9000/mcp")]
    [TestCase("http://LOCALHOST:9000/mcp")]
    [TestCase("https://sensors.example.test")]
    [TestCase("https://Sensors.Example.test/")]
    [Rfc(8707, "2")]
    public async Task A_resource_in_another_spelling_is_refused_with_words(string uri)
    {
        foreach (var sql in new[] { "insert into resources (uri, name) values (@uri, 'A second one')",
            "update resources set uri = @uri where uri = 'https://closed.example.test/'" })
        {
            var refusal = await RefusalAsync(sql, new { uri });
            (refusal.SqlState, refusal.MessageText)
                .Should().Be((PostgresErrorCodes.CheckViolation, "This resource is there already, in another spelling"));
            refusal.Hint.Should().Contain("Change the row that is there");
        }
    }

    [TestCase("http://localhost:9000/MCP")]
    [TestCase("http://localhost:9000/mcp//")]
    [TestCase("http://localhost:9000/mcp?x=1")]
    [TestCase("http://localhost:9001/mcp")]
    public async Task A_resource_that_differs_in_more_than_spelling_is_another_one(string uri)
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'Another one')", new { uri });
        await Server.ExecuteAsync("delete from resources where uri = @uri", new { uri });
    }

    [Test]
    public async Task A_resource_may_change_its_own_spelling()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values ('https://respelt.example.test', 'One')");

        await Server.ExecuteAsync("update resources set uri = 'https://respelt.example.test/' where uri = 'https://respelt.example.test'");
    }

    [Test]
    public async Task Two_that_are_added_at_once_in_two_spellings_leave_one()
    {
        var outcomes =
            await Task.WhenAll(new[] { "https://race.example.test/x", "https://race.example.test/x/",
                "https://RACE.example.test/x" }.Select(async uri =>
        {
            try
            {
                await Server.ExecuteAsync("insert into resources (uri, name) select @uri, 'One' from pg_sleep(0.2)", new { uri });
                return true;
            }
            catch (PostgresException)
            {
                return false;
            }
        }));

        outcomes.Count(added => added).Should().Be(1);
    }

    [TestCase("https://a.example/mcp")]
    [TestCase("HTTPS://A.Example:8443/Path/?q=/")]
    [TestCase("https://a.example")]
    [TestCase("https://a.example//")]
    [TestCase("https://a.example?q")]
    [TestCase("com.example.app://Host/Path/")]
    public async Task The_database_folds_as_the_server_does(string uri) =>
        (await Server.ScalarAsync<string>("select resource_fold(@uri)", new { uri })).Should().Be(Resource.Fold(uri));

    [Test]
    public async Task The_issuer_may_be_a_resource_in_another_spelling_before_the_server_makes_it_one()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'This server, by hand')",
            new { uri = Server.Issuer + "/" });

        await new Seeds(Server.Get<OAuthServer.Stores.Postgres.Database>())
            .AddResourceAsync(Server.Issuer, "This server", "audit:read", "Read", new Author("a test"), CancellationToken.None);

        (await Server.ScalarAsync<string>("select resource from scopes where name = 'audit:read'")).Should().Be(Server.Issuer + "/");
    }

    [TestCase("EN"), TestCase("en_US"), TestCase("pt-br"), TestCase("zh-hant"), TestCase(""), TestCase("english language")]
    public async Task A_language_in_another_spelling_is_refused_with_words(string locale)
    {
        foreach (var sql in new[] { "insert into scope_texts (scope, locale, text) values ('notes:read', @locale, 'Read')",
            "insert into resource_texts (uri, locale, name) values ('http://localhost:9000/mcp', @locale, 'Notes')" })
            (await RefusalAsync(sql, new { locale })).Hint.Should().Contain("pt-BR");
    }

    [Test]
    public async Task Languages_in_their_usual_spelling_are_taken()
    {
        foreach (var locale in new[] { "de", "pt-BR", "zh-Hant", "es-419", "sr-Latn-RS" })
            await Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values ('notes:read', @locale, 'Read')",
                new { locale });
    }

    [Test]
    public async Task A_document_client_with_a_host_in_capitals_is_refused_with_words() =>
        (
            await RefusalAsync(
                "insert into clients (client_id, kind, name) values ('https://App.example/client.json', 'user-facing', 'An app')")).Hint
                .Should().Contain("https://client.example/path");
}
