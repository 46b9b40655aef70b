using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework.Interfaces;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What the tests claim to cover, read from their attributes.</summary>
internal static partial class SpecTable
{
    private static readonly Dictionary<int, string> Titles = new()
    {
        [3986] = "URI: generic syntax",
        [4647] = "Matching of language tags",
        [6265] = "HTTP state management",
        [6585] = "Additional HTTP status codes",
        [6749] = "The OAuth 2.0 authorization framework",
        [6750] = "Bearer token usage",
        [6819] = "OAuth 2.0 threat model",
        [6890] = "Special-purpose IP addresses",
        [7009] = "Token revocation",
        [7515] = "JSON Web Signature",
        [7517] = "JSON Web Key",
        [7518] = "JSON Web Algorithms",
        [7521] = "Assertion framework",
        [7523] = "JWT client authentication and grants",
        [7591] = "Dynamic client registration",
        [7592] = "Dynamic client registration management",
        [7617] = "HTTP Basic",
        [7636] = "Proof key for code exchange",
        [7638] = "JWK thumbprint",
        [7662] = "Token introspection",
        [8252] = "OAuth 2.0 for native apps",
        [8414] = "Authorization server metadata",
        [8446] = "TLS 1.3",
        [8707] = "Resource indicators",
        [8725] = "JSON Web Token best current practices",
        [9068] = "JWT profile for access tokens",
        [9101] = "JWT-secured authorization requests",
        [9110] = "HTTP semantics",
        [9112] = "HTTP/1.1",
        [9113] = "HTTP/2",
        [9116] = "security.txt",
        [9207] = "Issuer identification",
        [9700] = "Best current practice for OAuth 2.0 security",
        [9728] = "Protected resource metadata",
        [10070] = "Audiences of JWTs for client authentication",
    };

    /// <summary>Every test method of this assembly with its class.</summary>
    public static IReadOnlyList<(Type Chapter, MethodInfo Test)> Tests { get; } =
    [
        .. from type in typeof(SpecTable).Assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
           where method.GetCustomAttributes().Any(attribute => attribute is ITestBuilder or ISimpleTestBuilder)
           orderby type.Name, method.MetadataToken
           select (type, method),
    ];

    /// <summary>Case ids with the tests that claim them.</summary>
    public static ILookup<string, string> Cases { get; } =
        (from test in Tests
         from claim in test.Test.GetCustomAttributes<CaseAttribute>()
         from id in claim.Ids
         select (id, Name: Sentence(test))).ToLookup(claim => claim.id, claim => claim.Name);

    /// <summary>What each case says, by its id: a line of cases.txt is an id, a space and a text.</summary>
    public static IReadOnlyDictionary<string, string> CaseTexts { get; } =
        (from line in File.ReadLines(Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Spec/cases.txt"))
         where line.Length > 0 && !line.StartsWith('#')
         select line.Split(' ', 2)).ToDictionary(parts => parts[0], parts => parts is [_, var text] ? text : "");

    /// <summary>The headings of docs/behaviours.md by their number; each stands below the anchor that this table links to.</summary>
    public static IReadOnlyDictionary<int, string> Behaviours { get; } =
        BehaviourHeading().Matches(File.ReadAllText(Path.Combine(TestDatabase.Root, "docs/behaviours.md")))
            .ToDictionary(row => int.Parse(row.Groups["number"].Value, CultureInfo.InvariantCulture), row => row.Groups["title"].Value);

    /// <summary>The behaviours that tests name, each with the test.</summary>
    public static IEnumerable<(int Row, string Chapter)> BehaviourClaims =>
        from test in Tests
        from row in Of<BehaviourAttribute>(test).SelectMany(behaviour => behaviour.Rows).Distinct()
        select (row, test.Chapter.Name);

    /// <summary>The page.</summary>
    public static string Write()
    {
        var page = new StringBuilder("""
            # What is specified, and which test says so

            Written by `make spec` from the attributes of the tests; edit those, not this. `make test FILTER='Rfc~7636'` runs one
            standard, `FILTER='Behaviour~8'` one behaviour, `FILTER='Case~CAUTH'` one family of cases.

            ## Standards

            """);
        var rules = from test in Tests
                    from rule in Of<RfcAttribute>(test)
                    select (rule.Number, rule.Section, Name: Sentence(test));
        foreach (var rfc in rules.GroupBy(rule => rule.Number).OrderBy(group => group.Key))
        {
            page.Append($"\n### RFC {rfc.Key}{(Titles.TryGetValue(rfc.Key, out var title) ? $": {title}" : "")}\n\n");
            page.Append("| section | test |\n|---|---|\n");
            foreach (var (_, section, name) in rfc.Distinct().OrderBy(rule => Sortable(rule.Section), StringComparer.Ordinal))
                page.Append($"| §{section} | {name} |\n");
        }

        page.Append("\n## Behaviours\n\nEach is described in [behaviours.md](behaviours.md).\n\n| behaviour | tests |\n|---|---|\n");
        foreach (var row in BehaviourClaims.GroupBy(claim => claim.Row).OrderBy(group => group.Key))
        {
            var tests = row.GroupBy(claim => claim.Chapter).Select(chapter => $"{chapter.Key} ({chapter.Count()})");
            page.Append($"| [{row.Key}](behaviours.md#behaviour-{row.Key}) {Behaviours.GetValueOrDefault(row.Key)} ");
            page.Append($"| {string.Join(", ", tests)} |\n");
        }

        page.Append("\n## Cases\n\n| case | what it says | test |\n|---|---|---|\n");
        foreach (var id in Cases.OrderBy(id => id.Key, StringComparer.Ordinal))
            page.Append($"| {id.Key} | {CaseTexts.GetValueOrDefault(id.Key)} | {string.Join("<br>", id.Distinct())} |\n");
        return page.ToString();
    }

    private static IEnumerable<T> Of<T>((Type Chapter, MethodInfo Test) test) where T : Attribute =>
        test.Chapter.GetCustomAttributes<T>().Concat(test.Test.GetCustomAttributes<T>());

    private static string Sentence((Type Chapter, MethodInfo Test) test) => $"{test.Chapter.Name}: {test.Test.Name.Replace('_', ' ')}";

    // 10.2 after 9.1, A after the numbers.
    private static string Sortable(string section) =>
        string.Join('.', section.Split('.').Select(part => part.PadLeft(4, char.IsAsciiDigit(part[0]) ? '0' : '~')));

    [GeneratedRegex("""^<a id="behaviour-(?<number>\d+)"></a>\n\n## \k<number>\. (?<title>.+)$""", RegexOptions.Multiline)]
    private static partial Regex BehaviourHeading();
}
