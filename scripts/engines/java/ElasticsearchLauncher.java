import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** Elasticsearch from its jars, with the modules of its home. Arguments are settings, name=value. */
public final class ElasticsearchLauncher {
    public static void main(String[] arguments) throws Exception {
        Map<String, String> settings = new TreeMap<>();
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName(settings.get("node.name"));
        Path config = Path.of(settings.get("path.home"), "config");
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, settings, config, () -> "rookery");
        LogConfigurator.configure(environment, true);
        Node node = new Node(environment, modules(environment));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        Thread.currentThread().join();
    }

    /** The modules, for a server that is on the class path (and so exports nothing to them by name). */
    private static PluginsLoader modules(Environment environment) {
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir()),
            Map.of(),
            false
        );
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
        } catch (Exception fault) {
            fault.printStackTrace();
        }
    }
}
