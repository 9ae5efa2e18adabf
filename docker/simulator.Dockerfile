# The simulated WhatsApp of docker-compose.yml. Built in the folder simulator/.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt simulator/requirements.txt
RUN pip install --no-cache-dir --requirement simulator/requirements.txt
COPY . simulator
USER nobody
ENTRYPOINT ["python", "-m", "simulator"]
