using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

/// <summary>docs/settings.md is written from the doc comments of Settings, so that it cannot fall behind.</summary>
public sealed partial class SettingsTableTest
{
    private static readonly string Page = Path.Combine(TestDatabase.Root, "docs/settings.md");

    [Test]
    public void Settings_table_is_up_to_date()
    {
        var table = Table();
        if (Environment.GetEnvironmentVariable("UPDATE_SPEC") == "1") File.WriteAllText(Page, table);

        File.ReadAllText(Page).Should().Be(table, "`make spec` writes it");
    }

    private static string Table()
    {
        var comments = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "oauth-server.xml")).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary"));
        const string Folder = "/run/secrets";
        var plain = new Settings();
        var rows = typeof(Settings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)
            .Select(property =>
                $"| `OAuth__{property.Name}` | {Default(property.GetValue(plain))} | "
                + $"{Words(comments[$"P:{typeof(Settings).FullName}.{property.Name}"]!)} |");
        return $"""
            # Settings

            Written by `make spec` from the comments of `Settings.cs`. A setting is a variable `OAuth__Name` in the environment, a key
            `OAuth:Name` in appsettings.json, or a file `OAuth__Name` in the secrets folder (`OAUTH_SECRETS_FOLDER`, default `{Folder}`);
            the environment wins over files, files over appsettings.json. PostgreSQL is `ConnectionStrings__OAuth` or `DATABASE_URL`.
            Unknown names are refused at start, and all errors are told at once.

            | setting | default | meaning |
            |---|---|---|
            {string.Join('\n', rows)}

            """;
    }

    private static string Default(object? value) =>
        value is "" or null ? "" : $"`{value.ToString()!.Replace("True", "true").Replace("False", "false")}`";

    private static string Words(XElement summary) =>
        Spaces()
            .Replace(string.Concat(summary.Nodes()
            .Select(node => node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : node.ToString())), " ").Trim()
            .Replace("|", "\\|");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
