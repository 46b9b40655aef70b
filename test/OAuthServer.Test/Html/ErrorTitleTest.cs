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

    [GeneratedRegex("(?:\\bDescription = |OAuthError\\.InvalidRequest\\(\\s*)\"(?<text>[^\"]+)\"")]
    private static partial Regex Description();

    [GeneratedRegex("^[A-Z][A-Za-z,;' ]+$")]
    private static partial Regex Sentence();
}
