using System.Xml.Linq;

namespace OAuthServer.Test.Support;

/// <summary>The version of everything that is shipped, as Directory.Build.props has it.</summary>
public static class OurVersion
{
    public static string Text { get; } =
        XDocument.Load(Path.Combine(TestDatabase.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
}
