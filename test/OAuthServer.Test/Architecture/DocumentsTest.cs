using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Architecture;

/// <summary>What the documents point at exists: pages, headings, and the files of the source that they name.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class DocumentsTest
{
    private static readonly string[] SourceFolders = ["src/OAuthServer", "test/OAuthServer.Test"];

    private static IEnumerable<string> Pages =>
        Directory.EnumerateFiles(TestDatabase.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(TestDatabase.Root, "docs"), "*.md", SearchOption.AllDirectories));

    [Test]
    public void Every_link_between_documents_leads_somewhere()
    {
        var broken = from page in Pages
                     from link in Link().Matches(WithoutCode(page))
                     let target = link.Groups["target"].Value
                     where !target.Contains(':') && !Exists(page, target)
                     select $"{Name(page)}: {target}";

        broken.Should().BeEmpty();
    }

    [Test]
    public void Every_file_of_the_source_that_a_document_names_exists()
    {
        string[] pages = ["CONTRIBUTING.md", "docs/architecture.md", "docs/behaviours.md", "docs/style.md"];
        var missing = from page in pages
                      from named in SourceFile().Matches(WithoutCode(Path.Combine(TestDatabase.Root, page)))
                      let path = named.Groups["path"].Value
                      where SourceFolders.Any(folder => Directory.Exists(InRoot(folder, path.Split('/')[0])))
                      where !SourceFolders.Any(folder => IsThere(InRoot(folder, path)))
                      select $"{page}: {path}";

        missing.Distinct().Should().BeEmpty();
    }

    // A file, a folder, a class by the name of its file, or a member of one.
    private static bool IsThere(string path) =>
        Path.Exists(path) || File.Exists(path + ".cs") || File.Exists(Path.ChangeExtension(path, ".cs"));

    private static bool Exists(string page, string target)
    {
        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]));
        return Path.Exists(path) && (parts.Length == 1 || Anchors(path).Contains(parts[1]));
    }

    // As code hosts make them of headings: lower case, without punctuation, hyphens for spaces.
    private static HashSet<string> Anchors(string page)
    {
        var text = File.ReadAllText(page);
        var headings = Heading().Matches(text).Select(match => match.Groups["text"].Value.ToLowerInvariant());
        return
        [
            .. Anchor().Matches(text).Select(match => match.Groups["id"].Value),
            .. headings.Select(heading => Punctuation().Replace(heading, "").Replace(' ', '-')),
        ];
    }

    private static string WithoutCode(string page) => CodeBlock().Replace(File.ReadAllText(page), "");

    private static string InRoot(string folder, string path) => Path.Combine(TestDatabase.Root, folder, path.TrimEnd('/'));

    private static string Name(string page) => Path.GetRelativePath(TestDatabase.Root, page);

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>[A-Z]\w+/[\w/.]*)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"<a id=""(?<id>[^""]+)"">")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Punctuation();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
