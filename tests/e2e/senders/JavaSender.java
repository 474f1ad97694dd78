import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Posts with nothing but Java, as plugins of build servers did. */
public class JavaSender {
    public static void main(String[] arguments) throws Exception {
        var address = URI.create("https://api.hipchat.com/v2/room/Dev%20Ops/notification");
        var connection = (HttpURLConnection) address.toURL().openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        connection.setRequestProperty("Authorization", "Bearer " + System.getenv("TOKEN"));
        connection.getOutputStream().write("{\"message\": \"java\"}".getBytes(StandardCharsets.UTF_8));
        if (connection.getResponseCode() != 204) {
            throw new IllegalStateException("HTTP " + connection.getResponseCode());
        }
    }
}
