module llm-sandbox/agent

go 1.24
