using System.ComponentModel;
using System.Security.Claims;
using ModelContextProtocol;
using ModelContextProtocol.Server;
using OAuthServer.ResourceServer;

namespace NotesMcp;

/// <summary>The tools: whoever may call the endpoint reads; writing needs notes:write.</summary>
[McpServerToolType]
public sealed class NoteTools(Notes notes)
{
    public const string AddNote = "add_note";

    [McpServerTool(Name = "list_notes", ReadOnly = true), Description("Lists your notes")]
    public IReadOnlyList<string> List(ClaimsPrincipal user) => notes.Of(user.Subject());

    [McpServerTool(Name = AddNote, Destructive = false), Description("Writes a note down; needs the permission to write")]
    public string Add(ClaimsPrincipal user, [Description("What to write down")] string text)
    {
        // StepUp has asked for it already, with an answer that clients act on.
        if (!user.HasScope("notes:write")) throw new McpException("The access token lacks notes:write");
        notes.Add(user.Subject(), text);
        return $"Noted. You have {notes.Of(user.Subject()).Count} notes.";
    }
}
