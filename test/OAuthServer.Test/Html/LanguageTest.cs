using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Admin.Clients;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Admin;
using OAuthServer.Test.Architecture;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>
/// Every page in every language: chosen by ui_locales, then Accept-Language, complete, and with the database's own words.
/// </summary>
public sealed partial class LanguageTest : ServerFixture
{
    private static readonly OAuthServer.Html.Language Arabic = OAuthServer.Html.Language.All.Single(one => one.Code == "ar");

    // What the migrations add up to: a text that a later one took away needs no words.
    private static string Schema => File.ReadAllText(Path.Combine(TestDatabase.Root, "sql/schema.sql"));

    /// <summary>What clients_check puts together from grant_types and auth_methods, as they are.</summary>
    private static readonly string[] Composed =
    [
        "A machine client uses client_credentials, urn:ietf:params:oauth:grant-type:jwt-bearer or urn:ietf:params:oauth:grant-type:token-exchange, with a secret",
        "A user-facing client cannot use client_credentials",
        "Leave grant_types and redirect_uris empty; auth_method client_secret_basic, client_secret_post or private_key_jwt.",
        "Set auth_method of the client to client_secret_basic first.",
        "Write authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:jwt-bearer, urn:ietf:params:oauth:grant-type:token-exchange or urn:ietf:params:oauth:grant-type:device_code.",
        "Write client_secret_basic, client_secret_post, none, private_key_jwt or federated.",
        "Write grant_types '{client_credentials,urn:ietf:params:oauth:grant-type:jwt-bearer,urn:ietf:params:oauth:grant-type:token-exchange}' and auth_method client_secret_basic, client_secret_post, private_key_jwt or federated.",
    ];

    [Test]
    public void Every_text_of_a_page_has_its_words()
    {
        // The other features answer programs; what their endpoints say may still end on a page.
        string[] withPages = ["Html", "Authorization", "Account", "Admin", "Playground"];
        var pages =
            SourceText.All.Where(file => withPages.Contains(file.Room) || file.Path.EndsWith("Endpoint.cs", StringComparison.Ordinal))
            .Select(file => WholeLineComments().Replace(file.Text, "")).ToList();
        var others = SourceText.All.Where(file => file.Room is not ("Cli" or "Html")).Select(file => file.Text);

        List<string> wanted =
        [
            .. Texts(pages, Said()), .. Texts(pages, Labels()), .. Texts(pages, Sentences())
                .Where(text => !text.Contains('§'))
                .Where(text => !text.StartsWith("RFC ", StringComparison.Ordinal) && !text.Contains("Sec-Fetch-Site")),
            .. Texts(others, Public()), .. ErrorTexts.All.SelectMany(text => new[] { text.Means, text.Person }), AuditEvents.NotKept,
            .. ClientFields.Labels.Values, .. ClientKind.All.Select(list => list.Title),
        ];

        wanted.Distinct().Should().HaveCountGreaterThan(500, "else too little was read");
        wanted.Distinct().Except(Arabic.Known).Should().BeEmpty();
    }

    [Test]
    public void Every_refusal_of_a_row_has_its_words()
    {
        var texts = Texts([Schema], OfTrigger()).Select(text => text.Replace("''", "'"))
            .Concat(Composed)
                .Concat(Texts(SourceText.All.Where(file => file.Path == "Stores/Postgres/DatabaseFault.cs").Select(file => file.Text),
                    OfForeignKey())).Distinct().ToList();

        texts.Should().HaveCountGreaterThan(60, "else too little was read");
        texts.Except(Arabic.Known).Should().BeEmpty();
    }

    [Test]
    public void No_words_are_kept_for_a_text_no_page_has()
    {
        var source = string.Concat(SourceText.All.Select(file => file.Text)) + Schema;
        string[] months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

        Arabic.Known.Except(Composed)
            .Where(text => !months.Contains(text) && !source.Contains(text.Replace("\"", "\\\"")) && !source.Contains(text)
            && !source.Contains(text.Replace("'", "''"))).Should().BeEmpty();
    }

    [Test]
    public void A_value_put_into_a_sentence_is_in_all_its_forms()
    {
        foreach (var text in Arabic.Known)
            Places().Matches(Arabic[text]).Select(place => place.Value).Distinct().Order()
                .Should().Equal(Places().Matches(text).Select(place => place.Value).Distinct().Order(), text);
    }

    [TestCase("ar", null, "ar"), TestCase("fr ar en", "en", "ar"), TestCase("fr", "ar-EG, en;q=0.5", "ar"),
        TestCase(null, "en;q=0.4, ar;q=0.9", "ar")]
    [TestCase(null, "ar;q=0, en", "en"), TestCase(null, "de", "en"), TestCase(null, null, "en"), TestCase("AR-eg", null, "ar"),
        TestCase("<script>", "ar", "ar")]
    [Test, Rfc(4647, "3.4")]
    public async Task The_first_wish_we_can_fulfil_is(string? wished, string? accepted, string expected)
    {
        var browser = Server.NewBrowser();
        if (accepted is not null) browser.Headers["Accept-Language"] = accepted;

        var page = await browser.GetAsync($"{Paths.Errors}?ui_locales={Uri.EscapeDataString(wished ?? "")}");

        page.Should().BeAPage(200);
        page.Body.Should().Contain($"""<html lang="{expected}" dir="{(expected == "ar" ? "rtl" : "ltr")}">""");
        page.ContentHeaders.ContentLanguage.Should().Equal(expected);
    }

    [Test, Behaviour(34)]
    public async Task An_app_asks_in_its_persons_language_all_the_way_with_the_databases_words()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await Server.ExecuteAsync(
            "insert into scope_texts (scope, locale, text) values ('notes:read', 'ar', 'قراءة ملاحظاتك')");
        await Server.ExecuteAsync("insert into resource_texts (uri, locale, name) values (@Notes, 'ar', 'ملاحظات')",
            new { Cast.Notes });
        await Server.HearsAsync(heard => heard.TextOf("notes:read", "ar") == "قراءة ملاحظاتك"
            && heard.NameOf(Cast.Notes, "ar") == "ملاحظات");

        var login = await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), ("ui_locales", "ar"))}");
        var consent = await browser.SignInAsync(login, alice);

        login.Reply.Body.Should().Contain("lang=\"ar\" dir=\"rtl\"").And.Contain("تسجيل الدخول").And.NotContain("Sign in");
        consent.Reply.Body.Should().Contain("lang=\"ar\" dir=\"rtl\"")
            .And.Contain("قراءة ملاحظاتك").And.Contain("ملاحظات")
            .And.NotContain("Demo notes").And.NotContain("Allow");
        (await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url)).Parameters["code"]
            .Should().NotBeNull();
    }

    [Test]
    public async Task An_error_at_consent_is_in_the_language_the_app_requested()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var consent = await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("ui_locales", "ar")), alice);

        var undecided = await browser.SubmitAsync(consent, changes: ("decision", "perhaps"));
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);
        var lockedOut = await browser.SubmitAsync(consent, "decision", "allow");

        foreach (var (reply, words) in new[] { (undecided, "Choose Allow or Deny"), (lockedOut, "Open it again") })
        {
            reply.Should().BeAPage(400);
            reply.Body.Should().Contain("lang=\"ar\" dir=\"rtl\"").And.Contain(Arabic[words]).And.NotContain(words);
        }
    }

    [Test]
    public async Task Ends_of_clients_and_refusals_of_the_database_are_in_the_readers_language()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        olivia.Headers["Accept-Language"] = "ar";

        foreach (var path in new[] { Paths.AdminClientDisable, Paths.AdminClientDelete })
            (await olivia.GetAsync(ClientPages.Of(machine.Id, path))).Body
                .Should().NotMatchRegex("<title>[A-Z]").And.NotMatchRegex("<button[^>]*>[A-Z]");
        await RefusesAsync(Paths.AdminUsersAdd, "This is no user name",
            "Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.", ("username", "Mallory!"));
        await RefusesAsync(Paths.AdminScope, "This is no name of a scope",
            "Write 1 to 128 printable ASCII characters without space, quote or backslash, such as notes:read.", ("name", "two words"));
        await RefusesAsync(Paths.AdminResource, "This is no URI of a resource",
            "Write an absolute URI without a fragment and without spaces, such as https://api.example.com/, at most 2048 characters.",
            ("uri", "nowhere"), ("name", "x"));

        async Task RefusesAsync(string path, string message, string hint, params (string Name, string? Value)[] typed)
        {
            var reply = await olivia.SubmitToAsync(path, await olivia.FollowAsync(path), typed);

            reply.Status.Should().Be(400);
            reply.Body.Should().Contain($"{Arabic[message]}. {Arabic[hint].Replace("+", "&#x2B;")}").And.NotContain(message);
        }
    }

    private static IEnumerable<string> Texts(IEnumerable<string> files, Regex form) =>
        from file in files
        from match in form.Matches(file)
        from text in match.Groups["text"].Captures
        select Regex.Unescape(text.Value);

    // say["…"], say["…" or "…"], say.Put("…"), Language()["…"].
    [GeneratedRegex("""
        (?:(?:\bsay|Language\(\))\[|\bsay\.Put\(\s*|\bsay\[[^\]"]*\?\s*)"(?<text>(?:[^"\\]|\\.)+)"(?:\s*:\s*"(?<text>(?:[^"\\]|\\.)+)")?
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Said();

    // Labels of fields and titles of pages, which may be a single word.
    [GeneratedRegex("""
        \bfields\.(?:Text|Lines|Choice|Password|Group)\([^,\n]+,\s*"(?<text>[^"]+)"
        |\bPageAsync\([^"\n]*?"(?<text>[^"{]+)"(?:\s*:\s*"(?<text>[^"]+)")?
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Labels();

    // Whatever else has a capital and a space is written for people: hints, options, problems, texts that reach say[…] by a variable.
    [GeneratedRegex("""
        (?<=[\[(,?:=\s])"(?<text>[A-Z](?:[^"\\\n]|\\.)*\ (?:[^"\\\n]|\\.)+)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Sentences();

    // What a trigger says of a row that is not to be, and what to do; those of the audit log name no column, no form writes there.
    [GeneratedRegex("""
        (?:\bmessage\ =\ (?:problem|'(?<text>(?:[^']|'')+)'),\ column\ =\ '\w+'
            |\bnot_null_violation\ using\ message\ =\ '(?<text>[^']+)'),\s*hint\ =\ '(?<text>(?:[^']|'')+)'
        |\breturn\ '(?<text>An?\ [^']+)'
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex OfTrigger();

    [GeneratedRegex("""
        ForeignKeyViolation[^\n]*=>\s*\("(?<text>[^"]+)",\ "(?<text>[^"]+)"\)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex OfForeignKey();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex WholeLineComments();

    // The public sentence of a refusal: OAuthError's own, and those made elsewhere.
    [GeneratedRegex("""
        (?:\bDescription\ =\ |OAuthError\.InvalidRequest\(\s*)"(?<text>[^"]+)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Public();

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Places();
}
