# What WebAssembly cannot do says so, in words that tell what to do instead.
begin
  process =
    "no process can be started from Ruby in this sandbox. Do the step in Ruby itself: Dir, File, FileUtils and " \
    "String take the place of most commands. A container runtime has processes."
  thread =
    "can't create a thread: this sandbox has none. Do the work in this thread, or with Fiber. " \
    "A container runtime has threads."
  network = "This sandbox has no network, not even with itself. Use data that is already in the files."
  terminal = "There is no terminal here."
  library = "This sandbox has no shared libraries. Use Ruby's own modules. A container runtime has libraries."
  absent = {
    "socket" => network, "io/console" => terminal, "io/wait" => terminal, "pty" => terminal,
    "readline" => terminal, "reline" => terminal, "fiddle" => library, "racc" => library
  }
  gems = "Only Ruby's standard library is in this sandbox, and what lies in the session's files."

  refuse = lambda do |owner, names, kind, words|
    names.each { |name| owner.define_method(name) { |*, **, &_| raise kind, words } }
  end

  commands = %i[` system spawn exec fork]
  refuse.(Kernel, commands, NotImplementedError, process)
  Kernel.send(:private, *commands)
  refuse.(Kernel.singleton_class, commands, NotImplementedError, process)
  refuse.(Process.singleton_class, %i[spawn exec fork daemon wait wait2 waitpid waitall detach], NotImplementedError, process)
  refuse.(IO.singleton_class, %i[popen], NotImplementedError, process)
  refuse.(Thread.singleton_class, %i[new start fork], NotImplementedError, thread)
  refuse.(Ractor.singleton_class, %i[new], NotImplementedError, thread)

  LoadError.prepend(Module.new do
    define_method(:to_s) do
      said = super()
      missing = said[/\Acannot load such file -- (.*)\z/, 1]
      next said unless missing
      "#{said}. #{absent.fetch(missing, gems)}"
    end
  end)

  # The bridge to JavaScript ends nowhere.
  bridge = $LOAD_PATH.map { |folder| File.join(folder, "js.rb") }.find { |file| File.file?(file) }
  $LOADED_FEATURES << bridge if bridge
  javascript = Module.new
  refuse.(javascript.singleton_class, %i[method_missing const_missing], NotImplementedError, "JavaScript cannot be reached from here.")
  Object.const_set(:JS, javascript)

  # There are no modes here: those that exist can be changed, and it changes nothing.
  [File, File.singleton_class].each do |owner|
    owner.define_method(:chmod) { |_mode, *paths| paths.each { |path| File.lstat(path) }.size }
  end
  # Nobody else has a file open.
  File.define_method(:flock) { |_operation| 0 }

  # The processor time of this process alone: the clock has run since Ruby was packed.
  base = Process.times.utime
  Process.singleton_class.prepend(Module.new do
    define_method(:times) { super().tap { |all| all.utime -= base } }
    define_method(:clock_gettime) do |clock, unit = :float_second|
      next super(clock, unit) unless clock == Process::CLOCK_PROCESS_CPUTIME_ID
      seconds = super(clock) - base
      case unit
      when :float_second then seconds
      when :float_millisecond then seconds * 1_000
      when :float_microsecond then seconds * 1_000_000
      when :second then seconds.floor
      when :millisecond then (seconds * 1_000).floor
      when :microsecond then (seconds * 1_000_000).floor
      else (seconds * 1_000_000_000).floor
      end
    end
    define_method(:kill) do |signal, *pids|
      raise ArgumentError, "wrong number of arguments (given 1, expected 2+)" if pids.empty?
      number = signal.is_a?(Integer) ? signal : Signal.list[signal.to_s.delete_prefix("SIG")]
      pids.each do |pid|
        raise(pid == 1 ? Errno::EPERM : Errno::ESRCH) unless pid == Process.pid || pid == 0
        Process.exit!(0x2000 + 9) if number == 9
        super(signal, Process.pid) unless number == 0
      end
      pids.size
    end
  end)

  # Timeout without the thread that it has elsewhere: looks at the clock at every line, block and end of a method.
  require "timeout"
  deadlines = []
  expired = Class.new(Exception) do
    attr_reader :limit

    def initialize(limit)
      @limit = limit
      super("execution expired")
    end
  end
  left = -> { deadlines.last[:at] - Process.clock_gettime(Process::CLOCK_MONOTONIC) }
  watch = nil
  expire = lambda do
    next if left.() > 0
    watch.disable
    raise expired.new(deadlines.last)
  end
  watch = TracePoint.new(:line, :b_call, :c_return) { expire.() }
  sleep_on = Kernel.instance_method(:sleep)
  within = lambda do |seconds, kind = nil, message = nil, &block|
    next block.call(seconds) if seconds.nil? || seconds == 0
    raise ArgumentError, "Timeout sec must be a non-negative number" if seconds < 0
    outer = deadlines.last
    own = { at: Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds }
    deadlines.push(outer && outer[:at] < own[:at] ? outer : own)
    begin
      watch.enable(target_thread: nil) unless outer
      block.call(seconds)
    rescue expired => error
      raise unless error.limit.equal?(own)
      raise kind || Timeout::Error, message || "execution expired", error.backtrace
    ensure
      watch.disable unless outer
      deadlines.pop
    end
  end
  Timeout.define_singleton_method(:timeout, &within)
  Timeout.define_method(:timeout, &within)
  slept = lambda do |*given|
    next sleep_on.bind_call(self, *given) if deadlines.empty? || (given[0] && given[0] < left.())
    sleep_on.bind_call(self, [left.(), 0].max)
    expire.()
  end
  Kernel.define_method(:sleep, &slept)
  Kernel.send(:private, :sleep)
  Kernel.define_singleton_method(:sleep, &slept)

  # Minitest starts threads for tests that may run at once, also when there are none: here they run in turn.
  in_turn = Class.new do
    def start = nil
    def shutdown = nil
    def size = 1

    def <<(job)
      test, method, reporter = job
      reporter.prerecord(test, method)
      reporter.record(Minitest.run_one_method(test, method))
    end
  end
  Object.singleton_class.prepend(Module.new do
    define_method(:const_added) do |name|
      super(name)
      next unless name == :Minitest
      Minitest.singleton_class.prepend(Module.new { define_method(:parallel_executor=) { |_| super(in_turn.new) } })
    end
  end)

  # The C library here has no locale, by which variables would be UTF-8.
  utf8 = lambda do |text|
    text.is_a?(String) && text.encoding != Encoding::UTF_8 ? text.dup.force_encoding(Encoding::UTF_8).freeze : text
  end
  ENV.singleton_class.prepend(Module.new do
    define_method(:[]) { |name| utf8.(super(name)) }
    define_method(:to_h) do |&block|
      pairs = super().to_h { |name, value| [utf8.(name), utf8.(value)] }
      block ? pairs.to_h(&block) : pairs
    end
  end)

  # Parts with native code that is not here are passed over in silence.
  Gem::BasicSpecification.define_method(:warn) { |*| } if defined?(Gem::BasicSpecification)
end
