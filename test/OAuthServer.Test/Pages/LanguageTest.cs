using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Audit;
using OAuthServer.Pages;
using OAuthServer.Protocol;
using OAuthServer.Test.Architecture;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages;

/// <summary>Every page in every language: chosen by ui_locales, then Accept-Language, complete, and with the database's own words.</summary>
public sealed partial class LanguageTest : ServerFixture
{
    private static readonly OAuthServer.Pages.Language Arabic = OAuthServer.Pages.Language.All.Single(one => one.Code == "ar");

    [Test]
    public void Every_text_of_a_page_has_its_words()
    {
        var texts = from file in SourceText.All
                    where file.Room is "Pages" or "Endpoints"
                    from match in Said().Matches(file.Text)
                    from text in match.Groups["text"].Captures
                    select Regex.Unescape(text.Value);
        var refusals = from file in SourceText.All
                       where file.Room is not ("Cli" or "Pages")
                       from match in Public().Matches(file.Text)
                       select match.Groups["text"].Value;
        var codes = ErrorTexts.All.SelectMany(text => new[] { text.Means, text.Person });

        var wanted = texts.Concat(refusals).Concat(codes).Append(Decisions.NotKept).Distinct().ToList();

        wanted.Should().HaveCountGreaterThan(100, "else nothing was read");
        wanted.Except(Arabic.Known).Should().BeEmpty();
    }

    [Test]
    public void No_words_are_kept_for_a_text_no_page_has()
    {
        var source = string.Concat(SourceText.All.Select(file => file.Text)) + string.Concat(Directory.EnumerateFiles(Path.Combine(TestDatabase.Root, "sql/migrations")).Select(File.ReadAllText));
        string[] months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

        Arabic.Known.Where(text => !months.Contains(text) && !source.Contains(text.Replace("\"", "\\\"")) && !source.Contains(text) && !source.Contains(text.Replace("'", "''"))).Should().BeEmpty();
    }

    [Test]
    public void What_is_put_into_a_sentence_is_in_all_its_forms()
    {
        foreach (var text in Arabic.Known)
            Places().Matches(Arabic[text]).Select(place => place.Value).Distinct().Order().Should().Equal(Places().Matches(text).Select(place => place.Value).Distinct().Order(), text);
    }

    [TestCase("ar", null, "ar"), TestCase("fr ar en", "en", "ar"), TestCase("fr", "ar-EG, en;q=0.5", "ar"), TestCase(null, "en;q=0.4, ar;q=0.9", "ar")]
    [TestCase(null, "ar;q=0, en", "en"), TestCase(null, "de", "en"), TestCase(null, null, "en"), TestCase("AR-eg", null, "ar"), TestCase("<script>", "ar", "ar")]
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
        var (alice, client, browser) = (await Server.PersonAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        await Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values ('notes:read', 'ar', 'قراءة ملاحظاتك')");
        await Server.ExecuteAsync("insert into resource_texts (uri, locale, name) values (@Notes, 'ar', 'ملاحظات')", new { Cast.Notes });
        await Task.Delay(300);

        var login = await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), ("ui_locales", "ar"))}");
        var consent = await browser.SignInAsync(login, alice);

        login.Reply.Body.Should().Contain("lang=\"ar\" dir=\"rtl\"").And.Contain("تسجيل الدخول").And.NotContain("Sign in");
        consent.Reply.Body.Should().Contain("lang=\"ar\" dir=\"rtl\"").And.Contain("قراءة ملاحظاتك").And.Contain("ملاحظات").And.NotContain("Demo notes").And.NotContain("Allow");
        (await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url)).Parameters["code"].Should().NotBeNull();
    }

    // say["…"], say.Put("…"), Language()["…"], the title of a page, labels and hints of fields.
    [GeneratedRegex("""
        (?:(?:\bsay|Language\(\))\[|\bsay\.Put\(\s*|\bPageAsync\([^"\n]*?|\bsay\[[^\]"]*\?\s*)"(?<text>(?:[^"\\]|\\.)+)"(?:\s*:\s*"(?<text>(?:[^"\\]|\\.)+)")?
        |\bfields\.(?:Text|Lines|Choice|Password)\([^,\n]+,\s*"(?<text>(?:[^"\\]|\\.)+)"(?:,\s*(?:hint:\ )?"(?<text>(?:[^"\\]|\\.)+\ (?:[^"\\]|\\.)+)")?
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Said();

    // The public sentence of a refusal: OAuthError's own, and those made elsewhere.
    [GeneratedRegex("""
        (?:\bDescription\ =\ |OAuthError\.InvalidRequest\(\s*)"(?<text>[^"]+)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Public();

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Places();
}
