import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Uses what most programs use, so that compiling and running it loads the classes worth keeping in the archive. */
public class Training {
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(double side) implements Shape {}

    static double area(Shape shape) {
        return switch (shape) {
            case Circle circle -> Math.PI * circle.radius() * circle.radius();
            case Square square -> square.side() * square.side();
        };
    }

    static <T extends Comparable<T>> T largest(List<T> values) {
        T best = values.get(0);
        for (T value : values) {
            if (value.compareTo(best) > 0) {
                best = value;
            }
        }
        return best;
    }

    public static void main(String[] arguments) {
        List<Shape> shapes = new ArrayList<>(List.of(new Circle(1), new Square(2)));
        Map<String, List<Double>> areas = shapes.stream()
            .collect(Collectors.groupingBy(shape -> shape.getClass().getSimpleName(), Collectors.mapping(Training::area, Collectors.toList())));
        int[] numbers = IntStream.rangeClosed(1, 10).map(number -> 11 - number).toArray();
        Arrays.sort(numbers);
        StringBuilder text = new StringBuilder();
        for (int number : numbers) {
            text.append(number).append(' ');
        }
        try {
            Integer.parseInt("none");
        } catch (NumberFormatException error) {
            text.append(error.getMessage());
        }
        System.out.printf("%s %.2f %s%n", areas.keySet(), area(shapes.get(0)), largest(List.of(3, 1, 2)));
        System.out.println(text + """
            a block of text""");
    }
}
