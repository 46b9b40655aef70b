using System.Diagnostics;

namespace OAuthServer.Test.Support;

/// <summary>A real nginx with a configuration of ours, in a folder of its own.</summary>
public sealed class Nginx : IDisposable
{
    private readonly Process process;

    private Nginx(Process process) => this.process = process;

    /// <summary>Starts it with what stands in its http block.</summary>
    public static Nginx Start(string folder, string http)
    {
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off; master_process off; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events { }
            http {
            access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/fastcgi; uwsgi_temp_path {{folder}}/uwsgi; scgi_temp_path {{folder}}/scgi;
            {{http}}
            }
            """);
        var program = new[] { "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx" }.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("nginx is not installed: apt-get install nginx-light");
        return new Nginx(Process.Start(new ProcessStartInfo(program, ["-p", folder, "-c", configuration, "-e", Path.Combine(folder, "error.log")]) { RedirectStandardError = true })!);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
