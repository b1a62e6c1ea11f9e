# Image officielle d'Odoo 17, plus nos addons, leurs bibliothèques et les polices des impressions (français, arabe).
ARG IMAGE=odoo:17.0-20260908@sha256:8779f8157ddcc37b84014c94646073f46fd4ad776b7a5d95fc3b0dc73a24a8fa
FROM ${IMAGE}

USER root
# Debian ne garde que la dernière version corrigée d'un paquet : l'épingler ferait échouer la construction suivante.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends fonts-dejavu-core fonts-noto-core tesseract-ocr tesseract-ocr-fra tesseract-ocr-ara age gnupg openssh-client rclone rsync \
    && rm -rf /var/lib/apt/lists/*

# L'image officielle apporte rtlcss, que le client web en arabe demande : essayé ici, sa perte se verrait à la construction.
RUN echo 'a{float:left}' > /tmp/essai.css && rtlcss /tmp/essai.css /tmp/retourne.css && grep -q right /tmp/retourne.css && rm /tmp/essai.css /tmp/retourne.css

# Odoo et ses bibliothèques viennent de l'image ; on n'ajoute que ce qui lui manque, aux versions de requirements.txt.
COPY requirements.txt requirements-addons.txt /tmp/cnas/
RUN grep -E '^(arabic-reshaper|et-xmlfile|openpyxl|pillow|pillow-heif|python-bidi|zxing-cpp)==' /tmp/cnas/requirements.txt > /tmp/cnas/image.txt \
    && pip3 install --no-cache-dir --only-binary=:all: -r /tmp/cnas/image.txt \
    && pip3 install --no-cache-dir --no-deps -r /tmp/cnas/requirements-addons.txt \
    && rm -rf /tmp/cnas

COPY cnas /opt/cnas/cnas
COPY lanceur /opt/cnas/lanceur
COPY docker /opt/cnas/docker
COPY odoo.conf /etc/odoo/odoo.conf
COPY cnas_base /opt/cnas/cnas_base
COPY cnas_referentiels /opt/cnas/cnas_referentiels
COPY cnas_assures /opt/cnas/cnas_assures
COPY cnas_employeurs /opt/cnas/cnas_employeurs
COPY cnas_formations /opt/cnas/cnas_formations
COPY cnas_feuilles_soin /opt/cnas/cnas_feuilles_soin
COPY cnas_facturation /opt/cnas/cnas_facturation
COPY cnas_cotisations /opt/cnas/cnas_cotisations
COPY cnas_comptabilite /opt/cnas/cnas_comptabilite
COPY cnas_controle /opt/cnas/cnas_controle
COPY cnas_echanges /opt/cnas/cnas_echanges
COPY cnas_demo /opt/cnas/cnas_demo

ENV PGHOST=base PGPORT=5432 PGUSER=odoo PGPASSFILE=/run/cnas/pgpass \
    CNAS_IMAGE=1 CNAS_SAUVEGARDES=/sauvegardes CNAS_PRIVE=/var/lib/odoo/cnas PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN mkdir -m 700 /sauvegardes && chown odoo: /sauvegardes
USER odoo
# Le mot de passe passe par PGPASSFILE : l'entrée officielle, qui le mettrait en ligne de commande, est contournée.
ENTRYPOINT []
CMD ["odoo"]
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=5 CMD ["python3", "/opt/cnas/docker/sante.py"]
