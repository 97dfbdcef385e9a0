# Makes a Ruby that has started one process of a session: its arguments, its environment, its folder. Ends the process.
lambda do |words, env, folder|
  own = "<start>:"
  out_of_memory = 0x1000
  by_signal = 0x2000
  path = nil

  # An error as if the program had been Ruby's own.
  cut = lambda do |error|
    places = error.backtrace
    if places
      first = places.index { |place| place.start_with?(own) }
      places = places[0...first] if first
      error.set_backtrace(places.map { |place| place.sub("`<compiled>'", "`<main>'") })
    end
    cut.(error.cause) if error.cause && !error.cause.equal?(error)
  end

  # The code that an exception ends the process with, after it is printed.
  tell = lambda do |error|
    case error
    when SystemExit then next error.status
    when NoMemoryError then Process.exit!(out_of_memory)
    when SignalException
      next by_signal + error.signo unless error.is_a?(Interrupt)
    end
    cut.(error)
    # Its search for what is missing is given a second, and has to be loaded first.
    ENV["SYNTAX_SUGGEST_TIMEOUT"] = "60" if error.is_a?(SyntaxError)
    text =
      begin
        # An error that was raised nowhere, such as one of syntax, has the place of who asks.
        error.full_message(highlight: false, order: :top).sub(/\A#{own}\d+:in `full_message': /) { "#{path}: " }
      rescue NoMemoryError
        raise
      rescue Exception
        "#{error.backtrace&.first || path}: #{error.class} (#{error.class})"
      end
    $stderr.write(text.end_with?("\n") ? text : "#{text}\n")
    error.is_a?(Interrupt) ? by_signal + error.signo : 1
  rescue NoMemoryError
    Process.exit!(out_of_memory)
  end

  # What the program wants done at its end; blocks of END are among it.
  ends = []
  Kernel.module_eval do
    define_method(:at_exit) do |&block|
      raise ArgumentError, "called without block" unless block
      ends.push(block)
      block
    end
    module_function :at_exit
  end

  run_ends = lambda do |status|
    while (block = ends.pop)
      begin
        block.call
      rescue Exception => error
        status = tell.(error)
      end
    end
    status
  end

  finish = lambda do |status|
    ObjectSpace.each_object(IO) do |io|
      io.flush unless io.closed?
    rescue IOError, SystemCallError
      next
    end
    Process.exit!(status)
  end

  # Runs to its end whatever the block gives.
  run = lambda do |&program|
    status =
      begin
        program.call
        run_ends.(0)
      rescue Exception => error
        status_of_error = nil
        unless error.is_a?(SystemExit)
          kept = error
        end
        status = run_ends.(error.is_a?(SystemExit) ? error.status : nil)
        if kept
          told = tell.(kept)
          status ||= told
        end
        status
      end
    finish.(status)
  end

  usage = lambda do |text, status|
    $stderr.puts("ruby: #{text}")
    finish.(status)
  end

  ENV.replace(env)
  Dir.chdir(folder)
  $LOAD_PATH.unshift(*ENV["RUBYLIB"].to_s.split(":"))

  codes = []
  loops = prints = chomps = splits = checks = false
  libraries = []
  while words[0]&.start_with?("-") && words[0] != "-"
    word = words.shift
    case word
    when "--" then break
    when "-e" then codes << (words.shift || usage.("no code specified for -e (RuntimeError)", 1))
    when /\A-I(.+)?/m then $LOAD_PATH.unshift(*($1 || words.shift).split(":").map { |path| File.expand_path(path) })
    when /\A-r(.+)?/m then libraries << ($1 || words.shift)
    when "--version", "-v"
      puts RUBY_DESCRIPTION
      finish.(0) if words.empty? && codes.empty?
    when /\A-W(:.*|0)?/ then $VERBOSE = nil if $1 == "0"
    when "-w", "--verbose" then $VERBOSE = true
    when /\A--(?:en|dis)able/, "--yjit", "--jit" then nil
    when "--encoding", "--external-encoding" then words.shift
    when /\A-[EKUS]/ then nil
    when /\A-[nplacd]+e?\z/
      loops = true if word =~ /[np]/
      prints = true if word.include?("p")
      chomps = true if word.include?("l")
      splits = true if word.include?("a")
      checks = true if word.include?("c")
      codes << words.shift if word.end_with?("e")
    else usage.("invalid option #{word}  (-h will show valid options) (RuntimeError)", 1)
    end
  end

  if codes.any?
    path = name = "-e"
    source = codes.join("\n") + "\n"
  elsif (path = words.shift) && path != "-"
    name = File.expand_path(path)
    begin
      source = File.read(path)
    rescue SystemCallError => error
      usage.("#{error.message.sub(/ @ .*/, "")} -- #{path} (LoadError)", 1)
    end
  else
    path = name = "-"
    source = $stdin.read
  end
  source.force_encoding(Encoding::UTF_8)
  ARGV.replace(words)
  $0 = path

  run.call do
    libraries.each { |library| require library }
    changed = source
    if loops
      body = "#{"$_.chomp!; " if chomps}#{"$F = $_.split; " if splits}#{source}"
      changed = "while gets; #{body}; #{prints ? (chomps ? "puts $_" : "print $_") : ""}; end"
    end
    if changed.match?(/\bEND\s*\{/)
      require "prism"
      blocks = []
      search = lambda do |node|
        blocks << node.keyword_loc if node.is_a?(Prism::PostExecutionNode)
        node.compact_child_nodes.each(&search)
      end
      search.(Prism.parse(changed).value)
      # The same line, and what stands there once.
      blocks.sort_by { |place| -place.start_offset }.each do |place|
        changed = changed.byteslice(0, place.start_offset) + "at_exit" + changed.byteslice(place.end_offset..)
      end
    end
    if (mark = source.b.match(/^__END__\r?\n/)) && name != "-e"
      if name == "-"
        require "stringio"
        Object.const_set(:DATA, StringIO.new(source.byteslice(mark.end(0)..)))
      else
        Object.const_set(:DATA, File.open(name))
        DATA.seek(mark.end(0))
      end
    end
    if changed.equal?(source) && name != "-e" && name != "-"
      code = RubyVM::InstructionSequence.compile_file(path)
    else
      code = RubyVM::InstructionSequence.compile(changed, path, name, 1)
    end
    if checks
      puts "Syntax OK"
      next
    end
    code.eval
  end
end
