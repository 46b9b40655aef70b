using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Architecture;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>People read a sentence above an error; the description with its parameters stands below it, for the app's developers.</summary>
[Behaviour(9)]
public sealed partial class ErrorTitleTest : ServerFixture
{
    [Test, Rfc(6749, "4.1.2.1")]
    public void No_public_sentence_becomes_a_heading_that_names_a_parameter()
    {
        var made = typeof(OAuthError).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(OAuthError)).Select(method =>
            (OAuthError)method.Invoke(null,
                [.. method.GetParameters()
                .Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType == typeof(int) ? 1
                : "x_y")])!);
        var written = SourceText.All.Where(file => file.Room != "Cli").SelectMany(file => Description().Matches(file.Text))
            .Select(match => OAuthError.InvalidRequest(match.Groups["text"].Value, ""));
        var all = made.Concat(written).ToList();

        var titles = all.Select(ErrorTexts.TitleOf).Distinct().ToList();

        all.Should().HaveCountGreaterThan(60, "else too little was read");
        titles.Should().OnlyContain(title => Sentence().IsMatch(title));
        ErrorTexts.All.Select(text => text.Title).Should().OnlyContain(title => Sentence().IsMatch(title));
    }

    [TestCase("client_id=nobody", "This app is not registered here", null)]
    [TestCase("", "The app sent a request that this server cannot use", "client_id is required")]
    [TestCase("client_id={0}&redirect_uri=https://evil.example/cb", "The app&#x27;s return address is not registered here",
        "redirect_uri is not registered for this app")]
    [TestCase("client_id={0}&client_id={0}", "The app sent a request that this server cannot use", "client_id is repeated")]
    [Rfc(6749, "4.1.2.1")]
    public async Task The_heading_is_a_sentence_and_the_parameter_stands_beside_the_code(
        string query, string heading, string? forDevelopers)
    {
        var client = await Server.PublicClientAsync();

        var page = await Server.NewBrowser().GetAsync("/authorize?" + string.Format(query, client.Id));

        page.Should().BeAPage(400);
        page.Body.Should().Contain($"<h1>{heading}</h1>").And.Contain($"<title>{heading} · ");
        page.Body
            .Should().MatchRegex($"<code>invalid_(request|client)</code></a>{(forDevelopers is null ? "" : " – " + forDevelopers)}</p>");
    }

    [Test, Rfc(6749, "5.2")]
    public async Task Every_code_and_every_description_is_on_the_page_with_what_to_do()
    {
        var made = typeof(OAuthError).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(OAuthError)).Select(method => (OAuthError)method.Invoke(null,
                [.. method.GetParameters().Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue
                : parameter.ParameterType == typeof(int) ? 1 : "given")])!).ToList();
        var source = string.Join('\n', SourceText.All.Where(file => file.Room != "Cli" && file.Path != "Protocol/ErrorDescriptions.cs")
            .Select(file => file.Text));
        var codes = made.Select(error => error.Code).Concat(Codes().Matches(source).Select(match => match.Groups["code"].Value))
            .Where(code => code != "given").Distinct().ToList();
        var descriptions = made.Select(error => error.Description).Where(text => text != "given")
            .Concat(Descriptions().Matches(source).Concat(RedirectProblems().Matches(source))
                .Select(match => Hole().Replace(match.Groups["text"].Value, "…"))).Distinct().ToList();

        var page = await Server.NewBrowser().GetAsync(Paths.Errors);

        codes.Should().HaveCountGreaterThan(17, "else too little was read");
        ErrorTexts.All.Select(text => text.Code).Should().BeEquivalentTo(codes);
        ErrorTexts.All.Should().OnlyContain(text => text.Means.Length > 40 && ErrorDescriptions.Of(text.Code).Count > 0);
        descriptions.Should().HaveCountGreaterThan(85, "else too little was read");
        ErrorDescriptions.All.Select(one => one.Description).Distinct().Should().BeEquivalentTo(descriptions);
        var shown = System.Net.WebUtility.HtmlDecode(page.Body);
        foreach (var (code, description) in ErrorDescriptions.All)
            shown.Should().MatchRegex($"id=\"{code}\">((?!<dt)[^\\0])*<li>{Regex.Escape(description)}</li>");
    }

    // Where a refusal is made, or given a sentence of its own.
    [GeneratedRegex("(?:\\bDescription = |const string \\w+Text = |OAuthError\\.Invalid(?:Request|RedirectUri|ClientMetadata)\\(\\s*|\\bRefuse\\((?=\"The client assertion ))\\$?\"(?<text>[^\"]+)\"")]
    private static partial Regex Descriptions();

    [GeneratedRegex("return \"(?<text>An? [^\"]*redirect URI[^\"]*)\"")]
    private static partial Regex RedirectProblems();

    [GeneratedRegex("(?:(?<!string )\\bCode = |InteractionRequired\\()\"(?<code>[a-z_]+)\"")]
    private static partial Regex Codes();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex("(?:\\bDescription = |OAuthError\\.InvalidRequest\\(\\s*)\"(?<text>[^\"]+)\"")]
    private static partial Regex Description();

    [GeneratedRegex("^[A-Z][A-Za-z,;' ]+$")]
    private static partial Regex Sentence();
}
