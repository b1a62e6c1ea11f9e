{
    "name": "CNAS — Démonstration",
    "summary": "Un usager par rôle, des assurés, des employeurs, des formations, des feuilles et des factures dans tous les états",
    "version": "17.0.1.1.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_facturation", "cnas_employeurs", "cnas_cotisations", "cnas_comptabilite", "cnas_controle", "cnas_echanges"],
    "external_dependencies": {"python": ["reportlab", "Pillow"]},
    "data": ["data/res_users.xml"],
    "post_init_hook": "post_init_hook",
}
